// SPDX-License-Identifier: MIT
// Spiking nodes as layers. They have no weights; as parts of a layer they have a name, under which
// their spikes can be watched. Formulas: docs/numerics.md, "LIF".
#pragma once

#include <limits>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/error.hpp>
#include <spikelet/ops/lif.hpp>

namespace spikelet {

namespace detail {

constexpr bool is_finite(double x) {
    constexpr double most = (std::numeric_limits<double>::max)();
    return x >= -most && x <= most;
}

/// Shows a node's charge as "h" where it is kept, its spikes as "s", and returns the spikes.
template <class L, class Ctx, class E, SpikeKind S>
constexpr auto show(L const& layer, Fired<Ctx, E, S> fired) {
    if (fired.charge.data != nullptr) { tap(layer, "h", fired.charge); }
    tap(layer, "s", fired.spikes);
    return fired.spikes;
}

}  // namespace detail

/// Throws Error, naming `layer`, unless neurons with these constants compute something: tau at
/// least 1 step or infinite (below 1 the leak 1 - 1/tau is negative), an infinite tau not together
/// with decay_input (which divides the input by it), threshold and reset value finite.
constexpr void check(LifOptions const& options, char const* layer = "lif") {
    if (!(options.tau >= 1.0)) { fail(layer, "tau must be at least 1 step, or infinity"); }
    if (options.decay_input && !detail::is_finite(options.tau)) {
        fail(layer, "with an infinite tau, decay_input must be false: it divides the input by tau");
    }
    if (!detail::is_finite(options.threshold)) {
        fail(layer, "the threshold must be a finite number");
    }
    if (!detail::is_finite(options.reset_value)) {
        fail(layer, "the reset value must be a finite number");
    }
}

/// Leaky integrate-and-fire neurons, one per channel: x [batch, time, channels] -> spikes of the
/// same shape. Throws Error when called with constants that make no sense: see check().
template <class Surrogate = Arctan>
struct Lif {
    LifOptions options{};   ///< constants, the same for all channels
    Surrogate surrogate{};  ///< slope of a spike for the gradient
    SPIKELET_PARTS()

    constexpr auto operator()(auto x) const {
        check(options);
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
/// -> spikes of the same shape. `none` is the caller's business, since numbers are not spikes.
/// Throws Error when called with constants that make no sense: see check().
template <class Surrogate = Arctan>
struct SpikingNode {
    Node kind = Node::lif;  ///< which neurons they are
    LifOptions options{};   ///< of LIF
    Surrogate surrogate{};  ///< slope of a spike for the gradient
    SPIKELET_PARTS()

    constexpr auto operator()(auto x) const {
        check(options);
        return detail::show(*this, kind == Node::lif ? lif(x, options, surrogate)
                                                     : heaviside(x, 0.0, surrogate));
    }
};

}  // namespace spikelet
