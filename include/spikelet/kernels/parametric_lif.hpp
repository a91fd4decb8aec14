// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire with a learned time constant and a learned threshold, 1/tau =
// sigmoid(decay) (Fang et al., "Incorporating Learnable Membrane Time Constant to Enhance Learning
// of Spiking Neural Networks", arXiv 2007.05785). The step is that of kernels/membrane.hpp.
#pragma once

#include <spikelet/kernels/membrane.hpp>
#include <spikelet/kernels/neurons.hpp>

namespace spikelet::kernels {

/// A neuron for Neurons: learned are decay and threshold; of the options tau and threshold do not
/// count.
struct ParametricLif {
    static constexpr index states = 1;     ///< membrane
    static constexpr index weights = 2;    ///< decay, threshold
    static constexpr bool spiking = true;  ///< fires and resets
    /// The membrane, or its gradient.
    template <class B>
    using State = std::array<B, 1>;
    /// What is learned, or 1/tau and threshold.
    template <class B>
    using Pair = std::array<B, 2>;

    Membrane membrane;  ///< charge and reset

    /// The membrane at rest.
    [[nodiscard]] constexpr std::array<double, 1> rest() const { return {membrane.options.rest()}; }

    /// k of the learned w.
    template <class B>
    Pair<B> constants(Pair<B> const& w) const {
        return {simd::sigmoid(w[0]), w[1]};
    }
    /// dw of dk.
    template <class B>
    Pair<B> through_constants(Pair<B> const& k, Pair<B> const& dk) const {
        return {dk[0] * sigmoid_slope(k[0]), dk[1]};
    }

    /// The membrane after the input x.
    template <class B>
    State<B> charge(Pair<B> const& k, State<B> const& v, B const& x) const {
        return {membrane.charge(k[0], v[0], x)};
    }
    /// Where h has reached the threshold.
    template <class B>
    auto fires(Pair<B> const& k, State<B> const& h) const {
        return h[0] >= k[1];
    }
    /// The membrane after the step.
    template <class B, class Fires>
    State<B> reset(Pair<B> const& k, State<B> const& h, Fires const& fires) const {
        return {membrane.reset(k[1], h[0], fires)};
    }

    /// The way back of a step, as kernels/neurons.hpp asks for it.
    template <class Surrogate, class B>
    void back(Surrogate const& surrogate, Pair<B> const& k, SeenStep<B, 1> const& seen,
              State<B>& after, Pair<B>& dk, B& dx) const {
        B const h = seen.charged[0];
        B const slope = surrogate(h - k[1]);
        B const e =
            membrane.through_spike(slope, k[1], h, seen.dspike, seen.dcharge, after[0], dk[1]);
        membrane.through_charge(k[0], seen.before[0], seen.x, e, after[0], dk[0], dx);
    }
};

}  // namespace spikelet::kernels
