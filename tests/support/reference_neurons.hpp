// SPDX-License-Identifier: MIT
//
// Neurons with learned constants as the formulas read: one neuron at a time, in double. Gradients
// are directional derivatives, carried along with the numbers step by step.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

#include <spikelet/kernels/adaptive_lif.hpp>
#include <spikelet/kernels/leaky_integrator.hpp>
#include <spikelet/kernels/parametric_lif.hpp>

#include <support/dual.hpp>

namespace spikelet::reference {

using Duals = std::vector<Dual>;
/// What stands for the derivative of the step.
using Slope = std::function<double(double)>;

/// What one neuron does over time, and its state at the end.
struct NeuronRun {
    Duals charge, spikes, state;
};

inline Dual sigmoid(Dual a) {
    double const s = 1 / (1 + std::exp(-a.value));
    return {s, s * (1 - s) * a.slope};
}

inline Dual step(Dual h, Dual threshold, Slope const& slope) {
    return {h.value >= threshold.value ? 1.0 : 0.0,
            slope(h.value - threshold.value) * (h.slope - threshold.slope)};
}

/// The membrane v after an input, with q = 1/tau.
inline Dual charge(LifOptions const& o, Dual q, Dual v, Dual x) {
    Dual const rest{o.reset == Reset::hard ? o.reset_value : 0, 0};
    Dual const input = o.decay_input ? q * x : x;
    return v - q * (v - rest) + input;
}

inline Dual reset(LifOptions const& o, Dual h, Dual s, Dual threshold) {
    Dual const seen = o.detach_reset ? Dual{s.value, 0} : s;
    if (o.reset == Reset::hard) { return (Dual{1, 0} - seen) * h + seen * Dual{o.reset_value, 0}; }
    return o.reset == Reset::soft ? h - seen * threshold : h;
}

inline NeuronRun naive_run(kernels::ParametricLif const& neuron, Duals const& w, Duals const& start,
                           Duals const& x, Slope const& slope) {
    auto const& o = neuron.membrane.options;
    NeuronRun n{{}, {}, start};
    for (Dual const input : x) {
        Dual const h = charge(o, sigmoid(w[0]), n.state[0], input);
        Dual const s = step(h, w[1], slope);
        n.charge.push_back(h);
        n.spikes.push_back(s);
        n.state[0] = reset(o, h, s, w[1]);
    }
    return n;
}

inline NeuronRun naive_run(kernels::AdaptiveLif const& neuron, Duals const& w, Duals const& start,
                           Duals const& x, Slope const& slope) {
    auto const& o = neuron.membrane.options;
    NeuronRun n{{}, {}, start};
    for (Dual const input : x) {
        Dual const h = charge(o, sigmoid(w[0]), n.state[0], input);
        Dual const threshold = w[1] + w[3] * n.state[1];
        Dual const s = step(h, threshold, slope);
        n.charge.push_back(h);
        n.spikes.push_back(s);
        n.state = {reset(o, h, s, threshold), (Dual{1, 0} - sigmoid(w[2])) * n.state[1] + s};
    }
    return n;
}

inline NeuronRun naive_run(kernels::LeakyIntegrator const& neuron, Duals const& w,
                           Duals const& start, Duals const& x, Slope const&) {
    NeuronRun n{{}, {}, start};
    for (Dual const input : x) {
        Dual const q = sigmoid(w[0]);
        n.state[0] = n.state[0] - q * n.state[0] + (neuron.decay_input ? q * input : input);
        n.charge.push_back(n.state[0]);
    }
    return n;
}

/// Numbers without a direction.
inline Duals constants(std::vector<double> const& numbers) {
    Duals duals;
    for (double const value : numbers) { duals.push_back({value, 0}); }
    return duals;
}

/// The state of a neuron at rest.
template <class N>
std::vector<double> at_rest(N const& neuron) {
    auto const state = neuron.rest();
    return {state.begin(), state.end()};
}

/// Gradients of one neuron.
struct NeuronDerivatives {
    std::vector<double> dx, dw;
};

/// Derivatives of the sum of dspikes s + dcharge h, one direction after another.
template <class N>
NeuronDerivatives derivatives(N const& neuron, std::vector<double> const& weights,
                              std::vector<double> const& state, std::vector<double> const& input,
                              std::vector<double> const& dspikes,
                              std::vector<double> const& dcharge, Slope const& slope) {
    Duals const start = constants(state);
    Duals w = constants(weights), x = constants(input);
    auto const along = [&](Dual& direction) {
        direction.slope = 1;
        NeuronRun const n = naive_run(neuron, w, start, x, slope);
        direction.slope = 0;
        double sum = 0;
        for (std::size_t t = 0; t < x.size(); ++t) {
            sum += n.spikes.empty() ? 0 : dspikes[t] * n.spikes[t].slope;
            sum += dcharge[t] * n.charge[t].slope;
        }
        return sum;
    };
    NeuronDerivatives g;
    for (Dual& direction : x) { g.dx.push_back(along(direction)); }
    for (Dual& direction : w) { g.dw.push_back(along(direction)); }
    return g;
}

}  // namespace spikelet::reference
