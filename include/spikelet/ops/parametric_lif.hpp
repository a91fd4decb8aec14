// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire with a learned time constant and threshold.
#pragma once

#include <spikelet/kernels/parametric_lif.hpp>
#include <spikelet/ops/neurons.hpp>

namespace spikelet {

/// Spikes of leaky integrate-and-fire neurons driven by x [batch, time, channels], of x's shape,
/// with 1/tau = sigmoid(decay) (Fang et al., arXiv 2007.05785; docs/numerics.md, "Learned
/// neurons"); a Tape keeps the charge, with a gradient. decay and threshold are [channels], or [1]
/// for all channels; of the options tau and threshold do not count. Throws Error if run-time sizes
/// do not fit.
template <class Ctx, class T, class E, class W, index C, index D, class Surrogate = Arctan>
constexpr Fired<Ctx, E> parametric_lif(Var<Ctx, T, E> x, BasicParameter<W, C> const& decay,
                                       BasicParameter<W, D> const& threshold,
                                       LifOptions options = {}, Surrogate surrogate = {}) {
    return neurons("parametric_lif", kernels::ParametricLif{{options}}, surrogate, x, decay,
                   threshold);
}

}  // namespace spikelet
