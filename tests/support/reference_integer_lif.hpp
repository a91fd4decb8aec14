// SPDX-License-Identifier: MIT
//
// Leaky integrate-and-fire with graded spikes as the formulas read: one neuron at a time, in
// double. Gradients are directional derivatives, carried along with the numbers step by step.
#pragma once

#include <cstddef>
#include <vector>

#include <support/dual.hpp>
#include <support/reference_levels.hpp>

namespace spikelet::reference {

/// What one neuron does over time, and how it ends.
struct IntegerNeuron {
    std::vector<Dual> charge, spikes;
    Dual membrane;
};

/// Charge, fire, reset, from a membrane on.
template <class S, class Surrogate = Arctan>
IntegerNeuron integer_neuron(EventLevels<S> levels, Dual leak, Dual threshold, Dual membrane,
                             std::vector<Dual> const& x, Surrogate surrogate = {}) {
    IntegerNeuron n{{}, {}, membrane};
    Dual const step = threshold.value >= 1e-3 ? threshold : Dual{1e-3, 0};
    for (Dual const input : x) {
        Dual const h = leak * n.membrane + input;
        Dual const u = h / step;
        Dual const s{static_cast<double>(level_at(u.value, levels)),
                     slope_at(surrogate, u.value, levels) * u.slope};
        Dual const detached{s.value, 0};
        n.charge.push_back(h);
        n.spikes.push_back(s);
        n.membrane = h - detached * step;
    }
    return n;
}

/// Gradients of one neuron that starts at rest.
struct IntegerNeuronGradient {
    std::vector<double> dx;
    double dleak, dthreshold;
};

/// Derivatives of the sum of dspikes s + cost |s| + dcharge h, one direction after another.
template <class S, class Surrogate>
IntegerNeuronGradient gradient_of_neuron(EventLevels<S> levels, Surrogate surrogate, double leak,
                                         double threshold, std::vector<double> const& x,
                                         std::vector<double> const& dspikes,
                                         std::vector<double> const& dcharge, double cost = 0) {
    std::vector<Dual> input;
    for (double const value : x) { input.push_back({value, 0}); }
    Dual beta{leak, 0}, step{threshold, 0};
    auto const along = [&](Dual& direction) {
        direction.slope = 1;
        auto const n = integer_neuron(levels, beta, step, {}, input, surrogate);
        direction.slope = 0;
        double sum = 0;
        for (std::size_t t = 0; t < x.size(); ++t) {
            double const s = n.spikes[t].value;
            double const price = s > 0 ? cost : s < 0 ? -cost : 0;
            sum += (dspikes[t] + price) * n.spikes[t].slope + dcharge[t] * n.charge[t].slope;
        }
        return sum;
    };
    IntegerNeuronGradient g{{}, along(beta), along(step)};
    for (Dual& direction : input) { g.dx.push_back(along(direction)); }
    return g;
}

}  // namespace spikelet::reference
