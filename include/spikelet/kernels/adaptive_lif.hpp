// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire that tires: every spike raises the threshold, which falls back step by
// step (Bellec et al., "A solution to the learning dilemma for recurrent networks of spiking
// neurons", Nature Communications 11, 2020). All four constants are learned; with 1/tau =
// sigmoid(decay) of kernels/membrane.hpp, p = sigmoid(recovery) and the adaptation a, 0 at first:
//   theta[t] = threshold + strength a[t-1],   s[t] = h[t] >= theta[t]
//   a[t] = (1 - p) a[t-1] + s[t]
// A soft reset subtracts theta. Backward, da that of a after the step, which sees the spike (also
// where the reset is detached), so that ds + da stands for ds:
//   da before = (1 - p) da + strength dtheta,   dp = -a da,   dthreshold = dtheta
//   dstrength = a dtheta                                      all with a before the step
#pragma once

#include <spikelet/kernels/membrane.hpp>
#include <spikelet/kernels/neurons.hpp>

namespace spikelet::kernels {

/// A neuron for Neurons: learned are decay, threshold, recovery and strength; of the options tau
/// and threshold do not count.
struct AdaptiveLif {
    static constexpr index states = 2;     ///< membrane, adaptation
    static constexpr index weights = 4;    ///< decay, threshold, recovery, strength
    static constexpr bool spiking = true;  ///< fires and resets
    /// The membrane and the adaptation, or gradients of both.
    template <class B>
    using State = std::array<B, 2>;
    /// What is learned, or 1/tau, threshold, p and strength.
    template <class B>
    using Four = std::array<B, 4>;

    Membrane membrane;  ///< charge and reset

    /// The membrane at rest, no adaptation.
    [[nodiscard]] constexpr std::array<double, 2> rest() const {
        return {membrane.options.rest(), 0.0};
    }

    /// k of the learned w.
    template <class B>
    Four<B> constants(Four<B> const& w) const {
        return {simd::sigmoid(w[0]), w[1], simd::sigmoid(w[2]), w[3]};
    }
    /// dw of dk.
    template <class B>
    Four<B> through_constants(Four<B> const& k, Four<B> const& dk) const {
        return {dk[0] * sigmoid_slope(k[0]), dk[1], dk[2] * sigmoid_slope(k[2]), dk[3]};
    }

    /// The adaptation waits for the spike.
    template <class B>
    State<B> charge(Four<B> const& k, State<B> const& v, B const& x) const {
        return {membrane.charge(k[0], v[0], x), v[1]};
    }
    /// Where h has reached the raised threshold.
    template <class B>
    auto fires(Four<B> const& k, State<B> const& h) const {
        return h[0] >= threshold(k, h);
    }
    /// The membrane reset, the adaptation grown where a neuron fired.
    template <class B, class Fires>
    State<B> reset(Four<B> const& k, State<B> const& h, Fires const& fires) const {
        return {membrane.reset(threshold(k, h), h[0], fires),
                simd::fma(B(1) - k[2], h[1], simd::select(fires, B(1), B(0)))};
    }

    /// The way back of a step, as kernels/neurons.hpp asks for it.
    template <class Surrogate, class B>
    void back(Surrogate const& surrogate, Four<B> const& k, SeenStep<B, 2> const& seen,
              State<B>& after, Four<B>& dk, B& dx) const {
        B const theta = threshold(k, seen.charged);
        B const a = seen.charged[1];
        B const da = after[1];
        B dtheta(0);
        B const e =
            membrane.through_spike(surrogate(seen.charged[0] - theta), theta, seen.charged[0],
                                   seen.dspike + da, seen.dcharge, after[0], dtheta);
        dk[1] += dtheta;
        dk[2] = simd::fnma(a, da, dk[2]);
        dk[3] = simd::fma(a, dtheta, dk[3]);
        after[1] = simd::fma(B(1) - k[2], da, k[3] * dtheta);
        membrane.through_charge(k[0], seen.before[0], seen.x, e, after[0], dk[0], dx);
    }

private:
    template <class B>
    static B threshold(Four<B> const& k, State<B> const& h) {
        return simd::fma(k[3], h[1], k[1]);
    }
};

}  // namespace spikelet::kernels
