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
/// spikes of the same shape. Parameters may be frozen. Throws Error when called with options that
/// make no sense: see check().
template <index C, class Surrogate = Arctan, class T = float>
struct SynapticLif {
    [[no_unique_address]] Size<C> channels{};
    double first_synapse_tau = 2.0;  ///< time constant of the current in steps; what init() sets
    LifOptions options{};            ///< of the neuron; tau and threshold are what init() sets
    Surrogate surrogate{};

    LeakyIntegrator<C, T> synapse{
        .channels = channels, .first_tau = first_synapse_tau, .decay_input = false};
    ParametricLif<C, Surrogate, T> neuron{
        .channels = channels, .options = options, .surrogate = surrogate};
    SPIKELET_PARTS(synapse, neuron)

    constexpr auto operator()(auto x) const { return neuron(synapse(x)); }
};

}  // namespace spikelet
