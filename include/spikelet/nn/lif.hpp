// SPDX-License-Identifier: MIT
// Spiking nodes as layers. They have no weights; as parts of a layer they have a name, under which
// their spikes can be watched. Formulas: docs/numerics.md, "LIF".
#pragma once

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/error.hpp>
#include <spikelet/ops/lif.hpp>

namespace spikelet {

namespace detail {

/// Shows a node's charge as "h" where it is kept, its spikes as "s", and returns the spikes.
template <class L, class Ctx, class E, SpikeKind S>
constexpr auto show(L const& layer, Fired<Ctx, E, S> fired) {
    if (fired.charge.data != nullptr) { tap(layer, "h", fired.charge); }
    tap(layer, "s", fired.spikes);
    return fired.spikes;
}

}  // namespace detail

/// Leaky integrate-and-fire neurons, one per channel: x [batch, time, channels] -> spikes of the
/// same shape. Throws Error as lif() does.
template <class Surrogate = Arctan>
struct Lif {
    LifOptions options{};   ///< constants, the same for all channels
    Surrogate surrogate{};  ///< slope of a spike for the gradient
    SPIKELET_PARTS()

    constexpr auto operator()(auto x) const {
        return detail::show(*this, lif(x, options, surrogate));
    }
};

/// Neurons without memory: x [..., channels] -> spikes of the same shape, where x >= threshold.
template <class Surrogate = Arctan>
struct Heaviside {
    double threshold = 0.0;  ///< fires from here on
    Surrogate surrogate{};   ///< slope of a spike for the gradient
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

/// Neurons whose kind is a value, for models that choose it at run time: x [batch, time, channels]
/// -> spikes of the same shape. Throws Error as lif() does, and for `none`, which is the caller's
/// business, since numbers are no spikes.
template <class Surrogate = Arctan>
struct SpikingNode {
    Node kind = Node::lif;  ///< which neurons they are
    LifOptions options{};   ///< of LIF
    Surrogate surrogate{};  ///< slope of a spike for the gradient
    SPIKELET_PARTS()

    constexpr auto operator()(auto x) const {
        if (kind == Node::none) { fail("node", "there is none, and numbers are no spikes"); }
        return detail::show(*this, kind == Node::lif ? lif(x, options, surrogate)
                                                     : heaviside(x, 0.0, surrogate));
    }
};

}  // namespace spikelet
