// SPDX-License-Identifier: MIT
// A membrane that never fires, for a readout or a synaptic current: a leaky sum of the past with a
// learned time constant, 1/tau = sigmoid(decay):
//   y[t] = (1 - 1/tau) y[t-1] + gain x[t]          gain = 1/tau with decay_input, else 1
// The step is that of kernels/membrane.hpp at rest 0.
#pragma once

#include <spikelet/kernels/membrane.hpp>
#include <spikelet/kernels/neurons.hpp>

namespace spikelet::kernels {

/// A neuron for Neurons: learned is the decay.
struct LeakyIntegrator {
    static constexpr index states = 1;      ///< the membrane
    static constexpr index weights = 1;     ///< the decay
    static constexpr bool spiking = false;  ///< gives its charge
    /// One number in every lane.
    template <class B>
    using One = std::array<B, 1>;

    bool decay_input;  ///< the input is divided by tau, too

    /// The membrane at rest.
    [[nodiscard]] static constexpr std::array<double, 1> rest() { return {0.0}; }

    /// 1/tau of the decay.
    template <class B>
    One<B> constants(One<B> const& w) const {
        return {simd::sigmoid(w[0])};
    }
    /// dw of dk.
    template <class B>
    One<B> through_constants(One<B> const& k, One<B> const& dk) const {
        return {dk[0] * sigmoid_slope(k[0])};
    }

    /// The membrane after the input x.
    template <class B>
    One<B> charge(One<B> const& k, One<B> const& v, B const& x) const {
        return {membrane().charge(k[0], v[0], x)};
    }

    /// The way back of a step, as kernels/neurons.hpp asks for it.
    template <class Surrogate, class B>
    void back(Surrogate const&, One<B> const& k, SeenStep<B, 1> const& seen, One<B>& after,
              One<B>& dk, B& dx) const {
        B const e = after[0] + seen.dcharge;
        membrane().through_charge(k[0], seen.before[0], seen.x, e, after[0], dk[0], dx);
    }

private:
    [[nodiscard]] constexpr Membrane membrane() const {
        return {{.reset = Reset::none, .decay_input = decay_input}};
    }
};

}  // namespace spikelet::kernels
