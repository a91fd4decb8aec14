// SPDX-License-Identifier: MIT
//
// A neuron of two numbers whose way back reads both, as it is written and as its formula reads.
#pragma once

#include <spikelet/kernels/neurons.hpp>

#include <support/reference_neurons.hpp>

namespace spikelet::test {

/// A readout that scales itself by half of what it was a step ago, more or less as it has learned:
/// h = w v a + x, then a = v / 2.
struct SelfScaling {
    static constexpr index states = 2, weights = 1;
    static constexpr bool spiking = false;
    template <class B>
    using State = std::array<B, 2>;
    template <class B>
    using One = std::array<B, 1>;

    [[nodiscard]] static constexpr std::array<double, 2> rest() { return {0.0, 0.5}; }
    template <class B>
    One<B> constants(One<B> const& w) const {
        return w;
    }
    template <class B>
    One<B> through_constants(One<B> const&, One<B> const& dk) const {
        return dk;
    }
    template <class B>
    State<B> charge(One<B> const& w, State<B> const& v, B const& x) const {
        return {simd::fma(w[0] * v[1], v[0], x), v[0] * B(0.5)};
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
