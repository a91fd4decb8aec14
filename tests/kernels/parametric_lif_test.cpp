// SPDX-License-Identifier: MIT
#include <spikelet/kernels/parametric_lif.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <kernels/neurons_support.hpp>
#include <support/sizes.hpp>

namespace spikelet::test::parametric_lif_test {
namespace {

using kernels::ParametricLif;

/// Decays around 0, thresholds from 0.2 on.
template <class T>
NeuronsRun<ParametricLif, T> random_run(Btc n, LifOptions const& o) {
    NeuronsRun<ParametricLif, T> run{n, {{o}}};
    for (index c = 0; c < n.C; ++c) {
        T& threshold = run.w[static_cast<std::size_t>(n.C + c)];
        threshold = T(0.2) + std::abs(threshold) / T(4);
    }
    return run;
}

TEST_CASE_TEMPLATE("parametric_lif: charge, spikes and membrane equal the naive neuron's", T, float,
                   double) {
    each_lif_option([](LifOptions const& o) {
        each_odd_sequence([&](Btc n) { check_neurons_forward(random_run<T>(n, o), 20); });
    });
}

TEST_CASE_TEMPLATE(
    "parametric_lif: gradients of inputs, decays and thresholds are the chain rule's", T, float,
    double) {
    each_lif_option([](LifOptions const& o) {
        for (Btc const n : {Btc{1, 1, 1}, Btc{2, 7, 65}}) {
            check_neurons_backward(random_run<T>(n, o), 500);
        }
    });
    Btc const wider_than_a_strip{2, 3, 2 * kernels::widest_strip + 17};
    check_neurons_backward(random_run<T>(wider_than_a_strip, {}), 500);
    check_neurons_backward(random_run<T>({3, 5, 17}, {}), 500, Triangle{0.5}, false);
}

TEST_CASE_TEMPLATE("parametric_lif: with tau 2 it has the bits of lif", T, float, double) {
    each_lif_option([](LifOptions o) {
        o.tau = 2;
        NeuronsRun<ParametricLif, T> run{{2, 7, 65}, {{o}}};
        std::fill_n(run.w.begin(), run.n.C, T(0));
        std::fill_n(run.w.begin() + run.n.C, run.n.C, static_cast<T>(o.threshold));
        LifRun<T> lif{run.n, o};
        lif.x = run.x;
        lif.state = run.state;
        lif.forward();
        run.forward();
        CHECK(same_bits(run.charged, lif.charge));
        CHECK(same_bits(run.state, lif.state));
        CHECK(run.spikes == lif.spikes);
    });
}

TEST_CASE("parametric_lif: a decay of minus infinity is no leak, and stays one") {
    NeuronsRun<ParametricLif, double> run{{1, 4, 1}, {{integrate_and_fire}}};
    run.w = {-HUGE_VAL, 1.0};
    run.x = {0.25, 0.25, 0.25, 0.25};
    run.forward(true);
    CHECK(run.charged == std::vector<double>{0.25, 0.5, 0.75, 1.0});
    CHECK(run.spikes == std::vector<word>{0, 0, 0, 1});
    run.backward();
    CHECK(run.dw[0] == 0);
}

}  // namespace
}  // namespace spikelet::test::parametric_lif_test
