// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire with graded spikes as a layer, with a leak and a threshold for each
// channel that are learned. Formulas: kernels/integer_lif.hpp.
#pragma once

#include <algorithm>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/nn/inputs.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/ops/integer_lif.hpp>

namespace spikelet {

/// x [batch, time, C] -> spikes of kind S of the same shape, each of at most `most` levels.
/// `fan_out` is how many outputs read an event; it matters where a Tape has a price for events.
/// Throws Error when called with more levels than S holds, or none.
template <index C, SpikeKind S = graded<3>, class Surrogate = Arctan, class T = float>
struct IntegerLif {
    [[no_unique_address]] Size<C> channels{};              ///< C
    int most = EventLevels<S>::highest;                    ///< levels at most
    index fan_out = 0;                                     ///< outputs that read an event
    double first_threshold = first_threshold_of<S>(most);  ///< what init() sets
    double first_leak = 0.25;                              ///< what init() sets
    Surrogate surrogate{};  ///< slope at each threshold for the gradient

    BasicParameter<T, C> threshold{channels};  ///< what one level is worth
    BasicParameter<T, C> leak{channels};       ///< share of the membrane that a step keeps
    SPIKELET_PARTS(threshold, leak)

    constexpr auto operator()(auto x) const {
        return detail::show(*this, integer_lif<S>(x, leak, threshold, most, fan_out, surrogate));
    }

    /// Throws Error if a parameter is bound to constant numbers.
    void init(Rng&) {
        std::ranges::fill(threshold.writable(), static_cast<T>(first_threshold));
        std::ranges::fill(leak.writable(), static_cast<T>(first_leak));
    }
};

}  // namespace spikelet
