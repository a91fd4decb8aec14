// SPDX-License-Identifier: MIT
#include <spikelet/kernels/adaptive_lif.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <kernels/neurons_support.hpp>
#include <support/sizes.hpp>

namespace spikelet::test::adaptive_lif_test {
namespace {

using kernels::AdaptiveLif;

/// Decays and recoveries around 0, thresholds from 0.1 on, strengths of either sign.
template <class T>
NeuronsRun<AdaptiveLif, T> random_run(Btc n, LifOptions const& o) {
    NeuronsRun<AdaptiveLif, T> run{n, {{o}}};
    for (index c = 0; c < n.C; ++c) {
        T& threshold = run.w[static_cast<std::size_t>(n.C + c)];
        threshold = T(0.1) + std::abs(threshold) / T(4);
        run.w[static_cast<std::size_t>(3 * n.C + c)] /= T(4);
    }
    return run;
}

TEST_CASE_TEMPLATE("adaptive_lif: charge, spikes and state equal the naive neuron's", T, float,
                   double) {
    each_lif_option([](LifOptions const& o) {
        each_odd_sequence([&](Btc n) { check_neurons_forward(random_run<T>(n, o), 20); });
    });
}

TEST_CASE_TEMPLATE("adaptive_lif: gradients of inputs and all constants are the chain rule's", T,
                   float, double) {
    each_lif_option([](LifOptions const& o) {
        for (Btc const n : {Btc{1, 1, 1}, Btc{2, 7, 65}}) {
            check_neurons_backward(random_run<T>(n, o), 1000);
        }
    });
    Btc const wider_than_a_strip{2, 3, 2 * kernels::widest_strip + 17};
    check_neurons_backward(random_run<T>(wider_than_a_strip, {}), 1000);
    check_neurons_backward(random_run<T>({3, 5, 17}, {}), 1000, Triangle{0.5}, false);
}

TEST_CASE("adaptive_lif: by the numbers") {
    // Without leak, a soft reset of what was crossed; a spike raises the threshold by 0.5, of which
    // half is left after a step.
    LifOptions o = integrate_and_fire;
    o.reset = Reset::soft;
    NeuronsRun<AdaptiveLif, double> run{{1, 4, 1}, {{o}}};
    run.w = {-HUGE_VAL, 1.0, 0.0, 0.5};
    run.x = {1, 1, 1, 1};
    run.forward(true);
    // thresholds 1, 1.5, 1.25, 1.625
    CHECK(run.over_time(run.charged, 0, 0) == std::vector<double>{1, 1, 2, 1.75});
    CHECK(run.spikes == std::vector<word>{1, 0, 1, 1});
}

TEST_CASE("adaptive_lif: without strength it has the bits of a neuron that does not tire") {
    each_lif_option([](LifOptions const& o) {
        auto run = random_run<float>({2, 7, 65}, o);
        std::fill_n(run.w.begin() + 3 * run.n.C, run.n.C, 0.0F);
        NeuronsRun<kernels::ParametricLif, float> plain{run.n, {{o}}};
        std::copy_n(run.w.begin(), 2 * run.n.C, plain.w.begin());
        plain.x = run.x;
        run.forward(true);
        plain.forward(true);
        CHECK(run.spikes == plain.spikes);
        CHECK(std::equal(plain.charged.begin(), plain.charged.end(), run.charged.begin()));
    });
}

}  // namespace
}  // namespace spikelet::test::adaptive_lif_test
