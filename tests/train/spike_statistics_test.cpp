// SPDX-License-Identifier: MIT
#include <spikelet/train/spike_statistics.hpp>

#include <limits>
#include <numeric>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/core/tensor.hpp>
#include <spikelet/nn/lif.hpp>

namespace spikelet::test::spike_statistics_test {
namespace {

struct Model {
    Heaviside<> node{0.5, {}};
    Heaviside<> silent{100.0, {}};
    SPIKELET_PARTS(node, silent)
};

TEST_CASE("spike statistics: neurons, positions, and charges, over several passes") {
    Model const model;
    SpikeStatistics statistics(model);
    Forward forward;
    forward.observe(&statistics);
    // Neuron 0 always fires, 69 at the second position only, the others never.
    Tensor<float, 2, 3, 70> x;
    for (index b = 0; b < 2; ++b) {
        for (index t = 0; t < 3; ++t) { x(b, t, 0) = 2; }
        x(b, 1, 69) = 1;
    }
    x(0, 0, 5) = -1e9F;
    x(0, 0, 6) = -1;
    for (int pass = 1; pass <= 2; ++pass) {
        statistics.begin(3);
        auto const v = forward.begin(std::as_const(x).view());
        (void)model.node(v);
        (void)model.silent(v);
        REQUIRE(statistics.sites().size() == 2);
        auto const& site = statistics.sites()[0];
        CHECK(site.name == "node");
        CHECK(site.neurons() == 70);
        CHECK(site.rows == 6 * pass);
        CHECK(site.of_neuron[0] == 6 * pass);
        CHECK(site.of_neuron[69] == 2 * pass);
        CHECK(site.saturated() == 1);
        CHECK(site.dead() == 68);
        CHECK(site.rate() == doctest::Approx(8.0 / 420));
        CHECK(site.rate_at(0) == doctest::Approx(1.0 / 70));
        CHECK(site.rate_at(1) == doctest::Approx(2.0 / 70));
        CHECK(statistics.sites()[1].dead() == 70);
        CHECK(statistics.sites()[1].saturated() == 0);
    }
}

TEST_CASE("spike statistics: a node without weights may serve rows of two widths") {
    Model const model;
    SpikeStatistics statistics(model);
    Forward forward;
    forward.observe(&statistics);
    Tensor<float, 1, 1, 70> narrow;
    Tensor<float, 1, 1, 700> wide;
    wide(0, 0, 699) = 2;
    (void)model.node(forward.begin(std::as_const(narrow).view()));
    (void)model.node(forward.begin(std::as_const(wide).view()));
    REQUIRE(statistics.sites().size() == 2);
    CHECK(statistics.sites()[0].dead() == 70);
    CHECK(statistics.sites()[1].of_neuron[699] == 1);
    CHECK(statistics.sites()[1].dead() == 699);
}

TEST_CASE("spike statistics: charges are those before the threshold") {
    Model const model;
    SpikeStatistics statistics(model);
    Forward forward;
    forward.observe(&statistics);
    Tensor<float, 1, 1, 4> x;
    x(0, 0, 0) = -1;
    x(0, 0, 1) = 0.25F;
    x(0, 0, 2) = 7;
    x(0, 0, 3) = -5;
    statistics.begin(1);
    (void)model.node(forward.begin(std::as_const(x).view()));
    auto const& charges = statistics.sites()[0].charges;
    CHECK(charges.counts[12] == 1);  // from -1 on
    CHECK(charges.counts[17] == 1);  // from 0.25 on
    CHECK(charges.above == 1);
    CHECK(charges.below == 1);
    CHECK(std::accumulate(charges.counts.begin(), charges.counts.end(), std::int64_t{0}) == 2);
    CHECK(charges.least == -5);
    CHECK(charges.most == 7);
}

TEST_CASE("charge histogram: every number is counted once, the edges where they belong") {
    ChargeHistogram charges;
    for (double const x : {-4.0, 3.999, 4.0, -4.001, 0.0}) { charges.add(x); }
    charges.add(std::numeric_limits<double>::quiet_NaN());
    CHECK(charges.counts[0] == 1);
    CHECK(charges.counts[31] == 1);
    CHECK(charges.counts[16] == 1);
    CHECK(charges.above == 2);
    CHECK(charges.below == 1);
}

}  // namespace
}  // namespace spikelet::test::spike_statistics_test
