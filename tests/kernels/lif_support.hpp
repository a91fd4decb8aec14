// SPDX-License-Identifier: MIT
//
// Neurons in vectors, for the tests of leaky integrate-and-fire.
#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/lif.hpp>
#include <spikelet/kernels/surrogate.hpp>

#include <support/numbers.hpp>

namespace spikelet::test {

using kernels::Btc;

/// Every way to charge and reset.
inline std::vector<LifOptions> all_lif_options() {
    std::vector<LifOptions> all;
    for (Reset const reset : {Reset::hard, Reset::soft, Reset::none}) {
        for (bool const decay_input : {true, false}) {
            for (bool const detach_reset : {true, false}) {
                LifOptions o{.tau = 2.5, .threshold = 0.5, .reset = reset};
                o.decay_input = decay_input;
                o.detach_reset = detach_reset;
                all.push_back(o);
            }
        }
    }
    all.push_back({});
    all.push_back({.threshold = 0.3, .reset_value = -0.25});
    all.push_back({.threshold = -0.2, .reset = Reset::soft});  // at rest it fires
    all.push_back({.tau = HUGE_VAL, .reset = Reset::soft, .decay_input = false});
    return all;
}

template <class F>
void each_lif_option(F&& f) {
    for (LifOptions const& o : all_lif_options()) {
        CAPTURE(static_cast<int>(o.reset));
        CAPTURE(o.tau);
        CAPTURE(o.decay_input);
        CAPTURE(o.detach_reset);
        CAPTURE(o.reset_value);
        f(o);
    }
}

/// Inputs, and what the kernel makes of them.
template <class T, class Policy = Serial<>>
struct LifRun {
    Btc n;
    LifOptions options;
    Policy policy{};
    std::vector<T> x = random_numbers<T>(n.B * n.T * n.C, 1);
    std::vector<T> state = random_numbers<T>(n.B * n.C, 2);
    std::vector<T> charge = std::vector<T>(x.size(), T(99));
    std::vector<word> spikes = std::vector<word>(
        static_cast<std::size_t>(n.B * n.T * Element<bit>::row_units(n.C)), ~word{0});

    void forward() {
        kernels::Lif<Policy>::forward(policy, n, options, x.data(), spikes.data(), charge.data(),
                                      state.data());
    }

    std::size_t at(index b, index t, index c) const {
        return static_cast<std::size_t>((b * n.T + t) * n.C + c);
    }
    std::vector<double> over_time(std::vector<T> const& v, index b, index c) const {
        std::vector<double> column;
        for (index t = 0; t < n.T; ++t) { column.push_back(static_cast<double>(v[at(b, t, c)])); }
        return column;
    }
    std::vector<int> spikes_over_time(index b, index c) const {
        std::vector<int> column;
        for (index t = 0; t < n.T; ++t) {
            index const words = Element<bit>::row_units(n.C);
            word const w = spikes[static_cast<std::size_t>((b * n.T + t) * words + c / 64)];
            column.push_back(static_cast<int>(w >> (c % 64) & 1));
        }
        return column;
    }
    index spike_count() const { return count(spikes.data(), static_cast<index>(spikes.size())); }
};

/// Calls f(b, c) for every neuron.
template <class F>
void each_neuron(Btc n, F&& f) {
    for (index b = 0; b < n.B; ++b) {
        for (index c = 0; c < n.C; ++c) { f(b, c); }
    }
}

}  // namespace spikelet::test
