// SPDX-License-Identifier: MIT
#include <spikelet/train/firing_rates.hpp>

#include <array>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/core/tensor.hpp>
#include <spikelet/nn/event_node.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/threshold_relu2.hpp>

namespace spikelet::test::firing_rates_test {
namespace {

struct Model {
    std::array<Heaviside<>, 2> nodes{{{0.5, {}}, {10.0, {}}}};
    SPIKELET_PARTS(nodes)
};

/// 3 rows of 70 numbers, `ones` of them 1.
Tensor<float, 1, 3, 70> rows(index ones) {
    Tensor<float, 1, 3, 70> x;
    std::fill_n(x.data(), ones, 1.0F);
    return x;
}

TEST_CASE("firing rates: counts the spikes and the chances of every site") {
    Model const model;
    FiringRates rates(model);
    Forward forward;
    forward.observe(&rates);
    for (index const ones : {100, 20}) {
        auto const x = rows(ones);
        auto const v = forward.begin(x.view());
        (void)model.nodes[0](v);
        (void)model.nodes[1](v);
    }
    REQUIRE(rates.sites().size() == 2);
    CHECK(rates.sites()[0].name == "nodes.0");
    CHECK(rates.sites()[0].spikes == 120);
    CHECK(rates.sites()[0].levels == 120);
    CHECK(rates.sites()[0].chances == 420);
    CHECK(rates.sites()[0].rate() == doctest::Approx(120.0 / 420));
    CHECK(rates.sites()[1].name == "nodes.1");
    CHECK(rates.sites()[1].rate() == 0);
    CHECK(rates.mean() == doctest::Approx(120.0 / 840));
}

TEST_CASE("firing rates: a node without weights may serve rows of two widths") {
    Model const model;
    FiringRates rates(model);
    Forward forward;
    forward.observe(&rates);
    Tensor<float, 1, 2, 300> wide;
    std::fill_n(wide.data(), 600, 1.0F);
    auto const narrow = rows(70);
    for (int pass = 0; pass < 2; ++pass) {
        (void)model.nodes[0](forward.begin(narrow.view()));
        (void)model.nodes[0](forward.begin(std::as_const(wide).view()));
    }
    REQUIRE(rates.sites().size() == 2);
    CHECK(rates.sites()[0].neurons == 70);
    CHECK(rates.sites()[0].spikes == 140);
    CHECK(rates.sites()[1].neurons == 300);
    CHECK(rates.sites()[1].saturated() == 300);
    CHECK(rates.sites()[1].name == rates.sites()[0].name);
}

struct EventModel {
    EventNode<70> node;
    EventNode<70, signed_graded<3>> both_signs{.first_threshold = 0.28};
    ThresholdRelu2<70> relu;
    SPIKELET_PARTS(node, both_signs, relu)
};

TEST_CASE("firing rates: graded spikes fire where they are not zero, and have levels") {
    EventModel model;
    Rng rng(1);
    model.node.init(rng);
    model.both_signs.init(rng);
    model.relu.init(rng);
    FiringRates rates(model);
    Forward forward;
    forward.observe(&rates);
    Tensor<float, 1, 3, 70> x = rows(100);  // of level 3 each
    x(0, 2, 69) = -0.28F;
    x(0, 2, 68) = -0.2F;
    auto const v = forward.begin(std::as_const(x).view());
    for (int pass = 1; pass <= 2; ++pass) {
        (void)model.node(v);
        (void)model.both_signs(v);
        (void)model.relu(v);
        REQUIRE(rates.sites().size() == 3);
        auto const& node = rates.sites()[0];
        CHECK(node.name == "node");
        CHECK(node.spikes == 100 * pass);
        CHECK(node.levels == 300 * pass);
        CHECK(node.chances == 210 * pass);
        auto const& both_signs = rates.sites()[1];
        CHECK(both_signs.name == "both_signs");
        CHECK(both_signs.spikes == 101 * pass);
        CHECK(both_signs.levels == 301 * pass);
        // Numbers that are mostly silent: each counts as one level.
        auto const& relu = rates.sites()[2];
        CHECK(relu.name == "relu");
        CHECK(relu.spikes == 100 * pass);
        CHECK(relu.levels == 100 * pass);
        CHECK(relu.chances == 210 * pass);
    }
    CHECK(rates.mean() == doctest::Approx(301.0 / 630));
    rates.reset();
    CHECK(rates.sites()[1].levels == 0);
    CHECK(rates.mean() == 0);
}

TEST_CASE("firing rates: neurons that never fired, and those that always did") {
    EventModel model;
    Rng rng(1);
    model.node.init(rng);
    model.both_signs.init(rng);
    model.relu.init(rng);
    FiringRates rates(model);
    Forward forward;
    forward.observe(&rates);
    Tensor<float, 1, 3, 70> x;
    for (index row = 0; row < 3; ++row) {  // of 70 neurons, the first and the last always
        for (index const neuron : {index{0}, index{69}, 1 + row}) { x(0, row, neuron) = 1.0F; }
    }
    for (int pass = 0; pass < 2; ++pass) {
        auto const v = forward.begin(std::as_const(x).view());
        (void)model.node(v);
        (void)model.both_signs(v);
        (void)model.relu(v);
        for (auto const& site : rates.sites()) {
            CAPTURE(site.name);
            CHECK(site.neurons == 70);
            CHECK(site.dead() == 70 - (pass == 0 ? 5 : 6));
            CHECK(site.saturated() == (pass == 0 ? 2 : 1));
        }
        x(0, 1, 69) = 0.0F;  // not always, then
        x(0, 0, 68) = 1.0F;
    }
    rates.reset();
    CHECK(rates.sites()[0].dead() == 0);
    CHECK(rates.sites()[0].saturated() == 0);
    (void)model.node(forward.begin(std::as_const(x).view()));
    CHECK(rates.sites()[0].dead() == 64);
    CHECK(rates.sites()[0].saturated() == 1);
}

TEST_CASE("firing rates: starts anew and remembers the sites") {
    Model const model;
    FiringRates rates(model);
    CHECK(rates.mean() == 0);
    Forward forward;
    forward.observe(&rates);
    auto const x = rows(210);
    (void)model.nodes[0](forward.begin(x.view()));
    CHECK(rates.mean() == 1);
    rates.reset();
    CHECK(rates.mean() == 0);
    CHECK(rates.sites().size() == 1);
    (void)model.nodes[0](forward.begin(x.view()));
    CHECK(rates.sites()[0].chances == 210);
}

}  // namespace
}  // namespace spikelet::test::firing_rates_test
