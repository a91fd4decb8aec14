// SPDX-License-Identifier: MIT
//
// Ops of neurons with learned constants against naive neurons.
#pragma once

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/reference_lif.hpp>
#include <support/reference_neurons.hpp>
#include <support/values.hpp>

namespace spikelet::test {

/// Parameters of C numbers around these centres.
template <class T, index C, std::size_t N>
std::array<BasicParameter<T, C>, N> parameters_around(std::array<double, N> const& centres) {
    std::array<BasicParameter<T, C>, N> all;
    for (std::size_t p = 0; p < N; ++p) {
        fill_random(all[p], p + 10);
        for (T& v : all[p].span()) { v = static_cast<T>(centres[p] + static_cast<double>(v) / 8); }
    }
    return all;
}

/// The numbers of channel c over time, of x [B,T,C].
inline std::vector<double> over_time(double const* x, kernels::Btc n, index b, index c) {
    std::vector<double> column;
    for (index t = 0; t < n.T; ++t) { column.push_back(x[(b * n.T + t) * n.C + c]); }
    return column;
}

/// op(x) must give what neurons do, each with its own weights, and its gradients theirs. It
/// returns spikes as numbers, and the charge.
template <class N, std::size_t K, index C, class Op>
void check_op_of_neurons(N const& neuron, std::array<BasicParameter<double, C>, K> const& weights,
                         Op const& op) {
    kernels::Btc const n{2, 6, C};
    Extents<dyn, dyn, dyn> const shape(n.B, n.T, n.C);
    auto const input = random_tensor<double>(shape, 1);
    auto const ds = random_tensor<double>(shape, 2), dh = random_tensor<double>(shape, 3);
    Tape<Serial<>, double> tape;
    auto const x = tape.begin(input.view());
    auto const [spikes, charge] = op(x);
    auto const from_charge = charge * place(tape, dh);
    tape.backward(spikes * place(tape, ds) + from_charge);
    std::vector<double> dx(static_cast<std::size_t>(input.size()));
    std::vector<std::vector<double>> dw(K, std::vector<double>(C));
    double worst = 0;
    for (index b = 0; b < n.B; ++b) {
        for (index c = 0; c < C; ++c) {
            std::vector<double> w;
            for (auto const& p : weights) { w.push_back(p.span()[static_cast<std::size_t>(c)]); }
            auto const in = over_time(input.data(), n, b, c);
            auto const rest = reference::at_rest(neuron);
            auto const slope = [](double v) { return reference::slope_of(Arctan{}, v); };
            auto const naive =
                naive_run(neuron, reference::constants(w), reference::constants(rest),
                          reference::constants(in), slope);
            auto const h = over_time(charge.data, n, b, c);
            for (std::size_t t = 0; t < in.size(); ++t) {
                worst = std::max(worst, std::abs(h[t] - naive.charge[t].value));
            }
            auto const g =
                reference::derivatives(neuron, w, rest, in, over_time(ds.data(), n, b, c),
                                       over_time(dh.data(), n, b, c), slope);
            for (std::size_t t = 0; t < in.size(); ++t) {
                dx[static_cast<std::size_t>((b * n.T + static_cast<index>(t)) * C + c)] = g.dx[t];
            }
            for (std::size_t p = 0; p < K; ++p) { dw[p][static_cast<std::size_t>(c)] += g.dw[p]; }
        }
    }
    CHECK(worst < 1e-12);
    CHECK(roundings(gradient_of(x), dx) < 1000);
    for (std::size_t p = 0; p < K; ++p) {
        CAPTURE(p);
        std::vector<double> const found(weights[p].gradient(), weights[p].gradient() + C);
        CHECK(roundings(found, dw[p]) < 1000);
    }
}

}  // namespace spikelet::test
