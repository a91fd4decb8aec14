// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire behind a synaptic current (current-based LIF): a leaky integrator in
// front of a neuron, which the context carries one after the other. Formulas: docs/numerics.md,
// "Learned neurons".
#pragma once

#include <spikelet/nn/leaky_integrator.hpp>
#include <spikelet/nn/parametric_lif.hpp>

namespace spikelet {

/// Neurons that are driven by a current, which every input raises and which decays by itself, with
/// constants for each of C channels, or with C = 1 for all channels: x [batch, time, channels] ->
/// spikes of the same shape. Parameters may be frozen. All options are those of the two parts; with
/// C = dyn each has its `channels`. Throws Error when called with options that make no sense: see
/// check(); or if the input of the current decays.
template <index C, class Surrogate = Arctan, class T = float>
struct SynapticLif {
    LeakyIntegrator<C, T> synapse{.decay_input = false};  ///< the current
    ParametricLif<C, Surrogate, T> neuron{};              ///< what the current drives
    SPIKELET_PARTS(synapse, neuron)

    constexpr auto operator()(auto x) const {
        // Whoever sets a time constant in braces gets the integrator's own default.
        if (synapse.decay_input) {
            fail("synaptic_lif", "synapse.decay_input must be false: inputs raise the current");
        }
        return neuron(synapse(x));
    }
};

}  // namespace spikelet
