// SPDX-License-Identifier: MIT
#include <spikelet/models/spikegpt_surrogate.hpp>

#include <doctest/doctest.h>

#include <spikelet/models/spikegpt.hpp>

namespace spikelet::test::spikegpt_surrogate_test {
namespace {

static_assert(surrogate_of_slope<FastSigmoid>(std::nullopt).slope == FastSigmoid{}.slope);
static_assert(surrogate_of_slope<FastSigmoid>(3.0).slope == 3);
static_assert(Sloped<Arctan> && !Sloped<StraightThrough>);

TEST_CASE("spikegpt: without a slope in the configuration it is the surrogate's own") {
    SpikeGptConfig const config = make_config(find_variant("spikegpt"), 11, 2, 6);
    CHECK_FALSE(config.slope.has_value());
    auto const slope_of = [&]<class Surrogate>(Surrogate) {
        SpikeGpt<dyn, dyn, dyn, dyn, Surrogate> const model(config);
        CHECK(model.config.slope == model.lif_head.surrogate.slope);
        return model.blocks[1].lif2.surrogate.slope;
    };
    CHECK(slope_of(Arctan{}) == 2);
    CHECK(slope_of(FastSigmoid{}) == 10);
    CHECK(slope_of(Triangle{}) == 1);
    CHECK_FALSE(SpikeGpt<dyn, dyn, dyn, dyn, StraightThrough>(config).config.slope.has_value());
    // Other sizes for the same model keep its slope.
    auto again = SpikeGpt<dyn, dyn, dyn, dyn, FastSigmoid>(config, FastSigmoid{25.0}).config;
    again.layers = 1;
    CHECK(SpikeGpt<dyn, dyn, dyn, dyn, FastSigmoid>(again).lif_head.surrogate.slope == 25);
}

}  // namespace
}  // namespace spikelet::test::spikegpt_surrogate_test
