// SPDX-License-Identifier: MIT
//
// Ops on a Tape that carries state, against one channel as its formula reads.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>

#include <support/dual.hpp>
#include <support/learned_neurons.hpp>
#include <support/numbers.hpp>
#include <support/values.hpp>

namespace spikelet::test {

/// In the second of two windows, op must have the values and the gradients of channels that see
/// both windows, and in which only what belongs to the second has a derivative: the state that the
/// first one has left is a constant. op(x, w) takes arrays of inputs [batch, time, C] and of
/// weights [C] around `centres`, and gives numbers [batch, time, C]. A copy of `channel` starts at
/// rest; channel(w, x) makes a step.
template <std::size_t Inputs, std::size_t Weights, class Op, class Channel>
void check_carried_start(std::array<double, Weights> const& centres, Op const& op,
                         Channel const& channel) {
    using reference::Dual, reference::Duals;
    constexpr index C = 69;  // two words, and with two threads two strips; many registers, and one
    kernels::Btc const n{3, 4, C};
    auto const weights = parameters_around<double, C>(centres);
    std::vector<Tensor<double, dyn, dyn, C>> x;
    for (std::size_t i = 0; i < Inputs; ++i) {
        x.push_back(random_tensor<double>(Extents<dyn, dyn, C>(n.B, 2 * n.T, {}), i + 1));
    }
    auto const dy = random_numbers<double>(n.B * n.T * C, 9);

    Tape<OpenMp<>, double> tape(OpenMp<>{2}, {.carry_state = true});
    auto const walk = [&](index from) {
        for (auto const& p : weights) { std::fill_n(p.gradient(), C, 0.0); }
        tape.begin();
        auto const inputs = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::array{place(tape, steps_of(x[I], from, from + n.T))...};
        }
        (std::make_index_sequence<Inputs>{});
        auto const y = op(inputs, weights);
        tape.backward(y, View<double const, dyn>(dy.data(), Extents<dyn>(std::ssize(dy))));
        return std::pair{inputs, values_of(y)};
    };
    walk(0);
    CHECK_FALSE(tape.state().numbers().empty());
    auto const [inputs, found] = walk(n.T);

    std::vector<double> y(dy.size());
    std::array<std::vector<double>, Inputs> dx;
    for (auto& numbers : dx) { numbers.resize(dy.size()); }
    std::array<std::vector<double>, Weights> dw;
    for (auto& numbers : dw) { numbers.resize(static_cast<std::size_t>(C)); }
    auto const one_channel = [&](index b, index c) {
        auto const own = static_cast<std::size_t>(c);
        auto const at = [&](index t) { return static_cast<std::size_t>((b * n.T + t) * C + c); };
        std::vector<double> values;
        for (auto const& p : weights) { values.push_back(p.span()[own]); }
        Duals const before = reference::constants(values);
        Duals w = before;
        std::vector<Duals> steps;
        for (index t = 0; t < 2 * n.T; ++t) {
            steps.emplace_back();
            for (auto const& numbers : x) { steps.back().push_back({numbers(b, t, c), 0}); }
        }
        auto const along = [&](Dual& direction) {
            direction.slope = 1;
            Channel one = channel;
            double sum = 0;
            for (index t = 0; t < 2 * n.T; ++t) {
                Dual const out = one(t < n.T ? before : w, steps[static_cast<std::size_t>(t)]);
                if (t < n.T) { continue; }
                y[at(t - n.T)] = out.value;
                sum += dy[at(t - n.T)] * out.slope;
            }
            direction.slope = 0;
            return sum;
        };
        for (std::size_t p = 0; p < Weights; ++p) { dw[p][own] += along(w[p]); }
        for (index t = 0; t < n.T; ++t) {
            auto& step = steps[static_cast<std::size_t>(n.T + t)];
            for (std::size_t i = 0; i < Inputs; ++i) { dx[i][at(t)] = along(step[i]); }
        }
    };
    for (index b = 0; b < n.B; ++b) {
        for (index c = 0; c < C; ++c) { one_channel(b, c); }
    }
    CHECK(roundings(found, y) < 1000);
    for (std::size_t i = 0; i < Inputs; ++i) {
        CHECK(roundings(gradient_of(inputs[i]), dx[i]) < 1000);
    }
    for (std::size_t p = 0; p < Weights; ++p) {
        CAPTURE(p);
        std::vector<double> const found_dw(weights[p].gradient(), weights[p].gradient() + C);
        CHECK(roundings(found_dw, dw[p]) < 1000);
    }
}

}  // namespace spikelet::test
