// SPDX-License-Identifier: MIT
#include <spikelet/train/firing_rates.hpp>

#include <array>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/core/tensor.hpp>
#include <spikelet/nn/lif.hpp>

namespace spikelet {
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
    CHECK(rates.sites()[0].chances == 420);
    CHECK(rates.sites()[0].rate() == doctest::Approx(120.0 / 420));
    CHECK(rates.sites()[1].name == "nodes.1");
    CHECK(rates.sites()[1].rate() == 0);
    CHECK(rates.mean() == doctest::Approx(120.0 / 840));
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
}  // namespace spikelet
