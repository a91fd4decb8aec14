// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire whose threshold rises with every spike.
#pragma once

#include <spikelet/kernels/adaptive_lif.hpp>
#include <spikelet/ops/neurons.hpp>

namespace spikelet {

/// Spikes of leaky integrate-and-fire neurons driven by x [batch, time, channels], of x's shape,
/// whose threshold rises by `strength` with each spike and falls back by the share
/// sigmoid(recovery) of what is left in a step (Bellec et al., 2020; docs/numerics.md, "Learned
/// neurons"); a Tape keeps the charge, with a gradient. The four parameters are [channels], or [1]
/// for all channels; of the options tau and threshold do not count. Throws Error if run-time sizes
/// do not fit.
template <class Ctx, class T, class E, class W, index C, index D, index R, index S,
          class Surrogate = Arctan>
constexpr Fired<Ctx, E> adaptive_lif(Var<Ctx, T, E> x, BasicParameter<W, C> const& decay,
                                     BasicParameter<W, D> const& threshold,
                                     BasicParameter<W, R> const& recovery,
                                     BasicParameter<W, S> const& strength, LifOptions options = {},
                                     Surrogate surrogate = {}) {
    return neurons("adaptive_lif", kernels::AdaptiveLif{{options}}, surrogate, x, decay, threshold,
                   recovery, strength);
}

}  // namespace spikelet
