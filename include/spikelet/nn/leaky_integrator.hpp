// SPDX-License-Identifier: MIT
// Leaky sums of the past as a layer: a readout of spikes, or a synaptic current. Formula:
// docs/numerics.md, "Learned neurons".
#pragma once

#include <algorithm>

#include <spikelet/nn/parametric_lif.hpp>
#include <spikelet/ops/leaky_integrator.hpp>

namespace spikelet {

/// Membranes that never fire, with a time constant for each of C channels, or with C = 1 one for
/// all channels: numbers x [batch, time, channels] -> numbers of the same shape. The decay may be
/// frozen. Throws Error when called unless first_tau is at least 1 step, infinite only where the
/// input does not decay.
template <index C, class T = float>
struct LeakyIntegrator {
    [[no_unique_address]] Size<C> channels{};  ///< C
    double first_tau = 2.0;                    ///< time constant in steps; what init() sets
    bool decay_input = true;                   ///< the input is divided by tau, too

    BasicParameter<T, C> decay{channels};  ///< 1/tau = sigmoid(decay)
    SPIKELET_PARTS(decay)

    constexpr auto operator()(auto x) const {
        check(LifOptions{.tau = first_tau, .decay_input = decay_input}, "leaky_integrator");
        auto const y = leaky_integrator(x, decay, decay_input);
        tap(*this, "y", y);
        return y;
    }

    /// Throws Error if the decay is bound to constant numbers.
    void init(Rng&) { std::ranges::fill(decay.writable(), static_cast<T>(decay_of(first_tau))); }
};

}  // namespace spikelet
