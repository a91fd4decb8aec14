// SPDX-License-Identifier: MIT
//
// A neuron as somebody else would write it, and as its formula reads.
#pragma once

#include <spikelet/kernels/neurons.hpp>

#include <support/reference_neurons.hpp>

namespace spikelet::test {

/// A neuron of one's own, without anything learned: a quadratic one (Latham et al., 2000), whose
/// membrane runs away by itself once it is high enough.
struct Quadratic {
    static constexpr index states = 1, weights = 0;
    static constexpr bool spiking = true;
    template <class B>
    using State = std::array<B, 1>;
    template <class B>
    using None = std::array<B, 0>;

    [[nodiscard]] static constexpr std::array<double, 1> rest() { return {0.1}; }
    template <class B>
    None<B> constants(None<B> const&) const {
        return {};
    }
    template <class B>
    None<B> through_constants(None<B> const&, None<B> const&) const {
        return {};
    }
    template <class B>
    State<B> charge(None<B> const&, State<B> const& v, B const& x) const {
        return {simd::fma(v[0], v[0], x)};
    }
    template <class B>
    auto fires(None<B> const&, State<B> const& h) const {
        return h[0] >= B(1);
    }
    template <class B, class Fires>
    State<B> reset(None<B> const&, State<B> const& h, Fires const& fires) const {
        return {simd::select(fires, B(0), h[0])};
    }
    template <class Surrogate, class B>
    void back(Surrogate const& surrogate, None<B> const&, kernels::SeenStep<B, 1> const& seen,
              State<B>& after, None<B>&, B& dx) const {
        B const h = seen.charged[0];
        B const kept = simd::select(h >= B(1), B(0), after[0]);
        B const e = simd::fma(seen.dspike, surrogate(h - B(1)), kept + seen.dcharge);
        after[0] = B(2) * seen.before[0] * e;
        dx += e;
    }
};

}  // namespace spikelet::test

namespace spikelet::reference {

inline NeuronRun naive_run(test::Quadratic const&, Duals const&, Duals const& start, Duals const& x,
                           Slope const& slope) {
    NeuronRun n{{}, {}, start};
    for (Dual const input : x) {
        Dual const h = n.state[0] * n.state[0] + input;
        Dual const s = step(h, {1, 0}, slope);
        n.charge.push_back(h);
        n.spikes.push_back(s);
        n.state[0] = s.value > 0 ? Dual{0, 0} : h;
    }
    return n;
}

}  // namespace spikelet::reference
