// SPDX-License-Identifier: MIT
//
// Neurons of any kind in vectors, and whether they do what naive ones do.
#pragma once

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/neurons.hpp>
#include <spikelet/kernels/surrogate.hpp>

#include <kernels/lif_support.hpp>
#include <support/numbers.hpp>
#include <support/reference_lif.hpp>
#include <support/reference_neurons.hpp>

namespace spikelet::test {

/// Inputs and gradients, and what the kernel makes of them.
template <class N, class T, class Policy = Serial<>>
struct NeuronsRun {
    using Kernel = kernels::Neurons<Policy, N>;

    Btc n;
    N neuron;
    Policy policy{};
    bool with_input = true, fresh = false;  // whether dx is wanted, and whether it counts
    bool from_rest = true;                  // or from `state`, where gradients are checked
    index size = n.B * n.T * n.C;
    std::vector<T> w = random_numbers<T>(N::weights * n.C, 1);  // [weights,C]
    std::array<bool, Kernel::weights> shared{};                 // then the first of C counts
    std::vector<T> x = random_numbers<T>(size, 2);
    std::vector<T> state = random_numbers<T>(N::states * n.B * n.C, 3);
    std::vector<T> dspikes = random_numbers<T>(size, 4), dcharge = random_numbers<T>(size, 5);
    std::vector<T> dx = random_numbers<T>(size, 6);
    std::vector<T> dw = std::vector<T>(w.size(), T(99));
    std::vector<T> charged = std::vector<T>(static_cast<std::size_t>(N::states * size), T(99));
    std::vector<word> spikes = std::vector<word>(
        static_cast<std::size_t>(n.B * n.T * Element<bit>::row_units(n.C)), ~word{0});

    void forward(bool at_rest = false) {
        Kernel::forward(policy, n, neuron, learned(), x.data(), spikes.data(), planes<T>(),
                        at_rest ? nullptr : state.data());
    }
    template <class Surrogate = Arctan>
    void backward(Surrogate surrogate = {}, bool with_charge = true, T const* start = nullptr) {
        Kernel::backward(policy, n, neuron, surrogate, learned(), x.data(), planes<T const>(),
                         N::spiking ? dspikes.data() : nullptr,
                         with_charge ? dcharge.data() : nullptr,
                         Accumulator<T>(with_input ? dx.data() : nullptr, fresh), dw.data(), start);
    }

    typename Kernel::template Weights<T> learned() const {
        typename Kernel::template Weights<T> all{};
        for (std::size_t p = 0; p < all.size(); ++p) {
            all[p] = {w.data() + static_cast<index>(p) * n.C, shared[p]};
        }
        return all;
    }
    template <class U>
    typename Kernel::template Charged<U> planes() {
        typename Kernel::template Charged<U> all{};
        for (std::size_t p = 0; p < all.size(); ++p) {
            all[p] = charged.data() + static_cast<index>(p) * size;
        }
        return all;
    }

    std::size_t at(index b, index t, index c) const {
        return static_cast<std::size_t>((b * n.T + t) * n.C + c);
    }
    std::vector<double> over_time(std::vector<T> const& v, index b, index c) const {
        std::vector<double> column;
        for (index t = 0; t < n.T; ++t) { column.push_back(static_cast<double>(v[at(b, t, c)])); }
        return column;
    }
    std::vector<double> weights_of(index c) const {
        std::vector<double> all;
        for (std::size_t p = 0; p < Kernel::weights; ++p) {
            index const own = shared[p] ? 0 : c;
            all.push_back(static_cast<double>(
                w[p * static_cast<std::size_t>(n.C) + static_cast<std::size_t>(own)]));
        }
        return all;
    }
    /// The state of one neuron, of all states [states,B,C].
    std::vector<double> state_of(std::vector<T> const& all, index b, index c) const {
        std::vector<double> own;
        for (index p = 0; p < N::states; ++p) {
            own.push_back(
                static_cast<double>(all[static_cast<std::size_t>((p * n.B + b) * n.C + c)]));
        }
        return own;
    }
    int spike(index b, index t, index c) const {
        index const words = Element<bit>::row_units(n.C);
        word const w64 = spikes[static_cast<std::size_t>((b * n.T + t) * words + c / 64)];
        return static_cast<int>(w64 >> (c % 64) & 1);
    }
};

inline std::vector<double> values(reference::Duals const& duals) {
    std::vector<double> numbers;
    for (auto const& d : duals) { numbers.push_back(d.value); }
    return numbers;
}

/// Whether forward() does what naive neurons do that start where the kernel's do.
template <class N, class T>
void check_neurons_forward(NeuronsRun<N, T> run, double allowed) {
    auto const start = run.state;
    run.forward();
    double worst = 0;
    bool same_spikes = true;
    index fired = 0;
    auto const farther = [&](std::vector<double> const& found, std::vector<double> const& naive) {
        std::vector<T> const rounded(found.begin(), found.end());
        worst = std::max(worst, roundings(rounded, naive));
    };
    each_neuron(run.n, [&](index b, index c) {
        auto const naive =
            naive_run(run.neuron, reference::constants(run.weights_of(c)),
                      reference::constants(run.state_of(start, b, c)),
                      reference::constants(run.over_time(run.x, b, c)), [](double) { return 0.0; });
        farther(run.over_time(run.charged, b, c), values(naive.charge));
        farther(run.state_of(run.state, b, c), values(naive.state));
        for (index t = 0; N::spiking && t < run.n.T; ++t) {
            int const expected = static_cast<int>(naive.spikes[static_cast<std::size_t>(t)].value);
            same_spikes = same_spikes && run.spike(b, t, c) == expected;
            fired += expected;
        }
    });
    CHECK(worst < allowed);
    CHECK(same_spikes);
    // Padding bits are silent.
    CHECK(count(run.spikes.data(), static_cast<index>(run.spikes.size())) == fired);
}

/// Whether backward() has the derivatives of naive neurons that start at rest, or where run does.
template <class N, class T, class Surrogate = Arctan>
void check_neurons_backward(NeuronsRun<N, T> run, double allowed, Surrogate surrogate = {},
                            bool with_charge = true) {
    auto const start = run.state;
    run.forward(run.from_rest);
    std::vector<double> dx = as_double(run.dx);
    std::vector<double> dw(run.w.size());
    run.backward(surrogate, with_charge, run.from_rest ? nullptr : start.data());
    auto const slope = [&](double above) { return reference::slope_of(surrogate, above); };
    each_neuron(run.n, [&](index b, index c) {
        auto dcharge = run.over_time(run.dcharge, b, c);
        if (!with_charge) { std::fill(dcharge.begin(), dcharge.end(), 0.0); }
        auto const first =
            run.from_rest ? reference::at_rest(run.neuron) : run.state_of(start, b, c);
        auto const g =
            reference::derivatives(run.neuron, run.weights_of(c), first, run.over_time(run.x, b, c),
                                   run.over_time(run.dspikes, b, c), dcharge, slope);
        for (index t = 0; t < run.n.T; ++t) {
            dx[run.at(b, t, c)] += g.dx[static_cast<std::size_t>(t)];
        }
        for (std::size_t p = 0; p < g.dw.size(); ++p) {
            dw[p * static_cast<std::size_t>(run.n.C) + static_cast<std::size_t>(c)] += g.dw[p];
        }
    });
    CHECK(roundings(run.dx, dx) < allowed);
    CHECK(roundings(run.dw, dw) < allowed);
}

}  // namespace spikelet::test
