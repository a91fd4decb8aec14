// SPDX-License-Identifier: MIT
// Leaky sums of the past.
#pragma once

#include <spikelet/kernels/leaky_integrator.hpp>
#include <spikelet/ops/neurons.hpp>

namespace spikelet {

/// y[t] = (1 - q) y[t-1] + gain x[t] with q = sigmoid(decay), gain = q where the input decays, else
/// 1: x [batch, time, channels] -> the same shape, in every context. decay is [channels], or [1]
/// for all channels (docs/numerics.md, "Learned neurons"). Throws Error if run-time sizes do not
/// fit.
template <class Ctx, class T, class E, class W, index C>
constexpr auto leaky_integrator(Var<Ctx, T, E> x, BasicParameter<W, C> const& decay,
                                bool decay_input = true) {
    return neurons("leaky_integrator", kernels::LeakyIntegrator{decay_input}, StraightThrough{}, x,
                   decay);
}

}  // namespace spikelet
