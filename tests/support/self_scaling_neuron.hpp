// SPDX-License-Identifier: MIT
//
// A neuron of two numbers whose way back reads both, as it is written and as its formula reads.
#pragma once

#include <spikelet/kernels/neurons.hpp>

#include <support/reference_neurons.hpp>

namespace spikelet::test {

/// A readout v that is scaled by half of what it was a step ago, a, and by a learned w:
///   h = w v a + x,   a' = v / 2
/// Backward, e the gradient of h:
///   dv = w a e + da' / 2,   da = w v e,   dw += v a e,   dx += e
struct SelfScaling {
    static constexpr index states = 2, weights = 1;
    static constexpr bool spiking = false;
    template <class B>
    using State = std::array<B, 2>;
    template <class B>
    using One = std::array<B, 1>;

    /// With an a of 0 the state at rest would not matter.
    [[nodiscard]] static constexpr std::array<double, 2> rest() { return {0.25, 0.5}; }
    template <class B>
    One<B> constants(One<B> const& w) const {
        return w;
    }
    template <class B>
    One<B> through_constants(One<B> const&, One<B> const& dk) const {
        return dk;
    }
    template <class B>
    State<B> charge(One<B> const& w, State<B> const& state, B const& x) const {
        auto const [v, a] = state;
        return {simd::fma(w[0] * a, v, x), v * B(0.5)};
    }
    template <class Surrogate, class B>
    void back(Surrogate const&, One<B> const& w, kernels::SeenStep<B, 2> const& seen,
              State<B>& after, One<B>& dw, B& dx) const {
        B const e = after[0] + seen.dcharge;
        auto const [v, a] = seen.before;
        after = {simd::fma(w[0] * a, e, after[1] * B(0.5)), w[0] * v * e};
        dw[0] = simd::fma(v * a, e, dw[0]);
        dx += e;
    }
};

}  // namespace spikelet::test

namespace spikelet::reference {

inline NeuronRun naive_run(test::SelfScaling const&, Duals const& w, Duals const& start,
                           Duals const& x, Slope const&) {
    NeuronRun n{{}, {}, start};
    for (Dual const input : x) {
        n.state = {w[0] * n.state[0] * n.state[1] + input, n.state[0] * Dual{0.5, 0}};
        n.charge.push_back(n.state[0]);
    }
    return n;
}

}  // namespace spikelet::reference
