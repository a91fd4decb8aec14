// SPDX-License-Identifier: MIT
#include <spikelet/nn/curves.hpp>

#include <doctest/doctest.h>

#include <spikelet/nn/channel_mix.hpp>
#include <spikelet/nn/time_mix.hpp>

namespace spikelet::test::curves_test {
namespace {

static_assert(place_of(0, 4).depth == 0 && place_of(0, 4).left == 1);
static_assert(place_of(3, 4).depth == 1 && place_of(3, 4).left == 0.25);
static_assert(place_of(0, 1).depth == 0 && place_of(0, 1).left == 1);

TEST_CASE("curves: of time mixing, by the place of the layer") {
    TimeMix<8> layer;
    for (LayerPlace const place : {LayerPlace{}, place_of(0, 3), place_of(2, 3)}) {
        init_time_curves(layer, place);
        for (int const c : {0, 1, 7}) {
            double const x = c / 8.0;
            CHECK(layer.time_decay.value()[c] ==
                  doctest::Approx(-5 + 8 * std::pow(c / 7.0, 0.7 + 1.3 * place.depth)));
            CHECK(layer.time_first.value()[c] ==
                  doctest::Approx(std::log(0.3) + 0.5 * ((c + 1) % 3 - 1)));
            CHECK(layer.time_mix_k.value()[c] == doctest::Approx(std::pow(x, place.left)));
            CHECK(layer.time_mix_v.value()[c] ==
                  doctest::Approx(std::pow(x, place.left) + 0.3 * place.depth));
            CHECK(layer.time_mix_r.value()[c] == doctest::Approx(std::pow(x, place.left / 2)));
        }
    }
}

TEST_CASE("curves: of channel mixing; matrices are left alone") {
    ChannelMix<8, 16> layer;
    init_channel_curves(layer, place_of(1, 3));
    CHECK(layer.time_mix_k.value()[3] == doctest::Approx(std::pow(3 / 8.0, 2 / 3.0)));
    CHECK(layer.time_mix_r.value()[3] == layer.time_mix_k.value()[3]);
    CHECK(layer.key.weight.value() == nullptr);
}

TEST_CASE("curves: one channel has finite values") {
    TimeMix<1> layer;
    init_time_curves(layer);
    CHECK(layer.time_decay.value()[0] == -5);
    CHECK(layer.time_mix_k.value()[0] == 0);
}

}  // namespace
}  // namespace spikelet::test::curves_test
