// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire with learned constants as a layer. Formulas: docs/numerics.md, "Learned
// neurons".
#pragma once

#include <algorithm>
#include <cmath>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/ops/parametric_lif.hpp>

namespace spikelet {

/// The number whose sigmoid is 1/tau: the `decay` of neurons with this time constant in steps. For
/// a tau of 1 or infinity it is infinite, with gradient 0: neurons compute with it, but never learn
/// another one.
inline double decay_of(double tau) { return -std::log(tau - 1.0); }

/// Neurons with a time constant and a threshold for each of C channels, or with C = 1 one of each
/// for all channels: x [batch, time, channels] -> spikes of the same shape. What is not to be
/// learned is frozen: neuron.threshold.freeze(). Throws Error when called with options that make no
/// sense: see check().
template <index C, class Surrogate = Arctan, class T = float>
struct ParametricLif {
    [[no_unique_address]] Size<C> channels{};  ///< C
    LifOptions options{};                      ///< tau and threshold are what init() sets
    Surrogate surrogate{};                     ///< slope of a spike for the gradient

    BasicParameter<T, C> decay{channels};      ///< 1/tau = sigmoid(decay)
    BasicParameter<T, C> threshold{channels};  ///< what the membrane has to reach
    SPIKELET_PARTS(decay, threshold)

    constexpr auto operator()(auto x) const {
        check(options, "parametric_lif");
        return detail::show(*this, parametric_lif(x, decay, threshold, options, surrogate));
    }

    /// Throws Error if a parameter is bound to constant numbers.
    void init(Rng&) {
        std::ranges::fill(decay.writable(), static_cast<T>(decay_of(options.tau)));
        std::ranges::fill(threshold.writable(), static_cast<T>(options.threshold));
    }
};

}  // namespace spikelet
