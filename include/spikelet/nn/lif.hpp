// SPDX-License-Identifier: MIT
// Spiking nodes as layers. They have no weights; as parts of a layer they have a name, under which
// their spikes can be watched.
#pragma once

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/ops/lif.hpp>

namespace spikelet {

namespace detail {

/// Shows a node's charge as "h" where it is kept, its spikes as "s", and returns the spikes.
template <class L, class Ctx, class E>
constexpr auto show(L const& layer, Fired<Ctx, E> fired) {
    if (fired.charge.data != nullptr) { tap(layer, "h", fired.charge); }
    tap(layer, "s", fired.spikes);
    return fired.spikes;
}

}  // namespace detail

/// Leaky integrate-and-fire neurons, one per channel: x [batch, time, channels] -> spikes.
template <class Surrogate = Arctan>
struct Lif {
    LifOptions options{};
    Surrogate surrogate{};
    SPIKELET_PARTS()

    constexpr auto operator()(auto x) const {
        return detail::show(*this, lif(x, options, surrogate));
    }
};

/// Neurons without memory: spikes where x >= threshold.
template <class Surrogate = Arctan>
struct Heaviside {
    double threshold = 0.0;
    Surrogate surrogate{};
    SPIKELET_PARTS()

    constexpr auto operator()(auto x) const {
        return detail::show(*this, heaviside(x, threshold, surrogate));
    }
};

/// Which neurons stand at a place in a model.
enum class Node {
    none,       ///< none: numbers pass as they are
    heaviside,  ///< spikes where the input is at least zero, without memory
    lif,        ///< leaky integrate-and-fire
};

/// Neurons whose kind is a value, for models that choose it at run time; `none` is the caller's
/// business, since numbers are not spikes.
template <class Surrogate = Arctan>
struct SpikingNode {
    Node kind = Node::lif;
    LifOptions options{};
    Surrogate surrogate{};
    SPIKELET_PARTS()

    constexpr auto operator()(auto x) const {
        return detail::show(*this, kind == Node::lif ? lif(x, options, surrogate)
                                                     : heaviside(x, 0.0, surrogate));
    }
};

}  // namespace spikelet
