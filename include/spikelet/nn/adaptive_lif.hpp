// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire that tires, as a layer. Formulas: docs/numerics.md, "Learned neurons".
#pragma once

#include <algorithm>

#include <spikelet/nn/parametric_lif.hpp>
#include <spikelet/ops/adaptive_lif.hpp>

namespace spikelet {

/// Neurons whose threshold rises with every spike and falls back, with constants for each of C
/// channels, or with C = 1 for all channels: x [batch, time, channels] -> spikes of the same shape.
/// Parameters may be frozen. Throws Error when called with options that make no sense, see check(),
/// or unless first_recovery_tau is at least 1 step, or infinite, and first_strength finite.
template <index C, class Surrogate = Arctan, class T = float>
struct AdaptiveLif {
    [[no_unique_address]] Size<C> channels{};  ///< C
    LifOptions options{};                      ///< tau and threshold are what init() sets
    double first_recovery_tau = 20.0;  ///< steps in which a raised threshold falls back; at first
    double first_strength = 0.2;       ///< how far a spike raises it, at first
    Surrogate surrogate{};             ///< slope of a spike for the gradient

    BasicParameter<T, C> decay{channels};  ///< 1/tau = sigmoid(decay)
    /// What the membrane has to reach, without adaptation.
    BasicParameter<T, C> threshold{channels};
    BasicParameter<T, C> recovery{channels};  ///< the same of the threshold's own time constant
    BasicParameter<T, C> strength{channels};  ///< how far a spike raises the threshold
    SPIKELET_PARTS(decay, threshold, recovery, strength)

    constexpr auto operator()(auto x) const {
        check(options, "adaptive_lif");
        if (!(first_recovery_tau >= 1.0)) {
            fail("adaptive_lif", "first_recovery_tau must be at least 1 step, or infinity");
        }
        if (!detail::is_finite(first_strength)) {
            fail("adaptive_lif", "first_strength must be a finite number");
        }
        return detail::show(
            *this, adaptive_lif(x, decay, threshold, recovery, strength, options, surrogate));
    }

    /// Throws Error if a parameter is bound to constant numbers.
    void init(Rng&) {
        std::ranges::fill(decay.writable(), static_cast<T>(decay_of(options.tau)));
        std::ranges::fill(threshold.writable(), static_cast<T>(options.threshold));
        std::ranges::fill(recovery.writable(), static_cast<T>(decay_of(first_recovery_tau)));
        std::ranges::fill(strength.writable(), static_cast<T>(first_strength));
    }
};

}  // namespace spikelet
