// SPDX-License-Identifier: MIT
#include <spikelet/nn/threshold_relu2.hpp>

#include <array>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>

#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test::threshold_relu2_test {
namespace {

constexpr Extents<dyn, dyn, dyn> shape(2, 7, 65);

TEST_CASE("threshold_relu2 layer: is the op with its thresholds and outputs") {
    ThresholdRelu2<65> node{.fan_out = 5};
    fill_random(node.threshold, 1);
    auto const input = random_tensor<float>(shape, 2);
    Tape tape;
    tape.event_cost().set_price(0.5);
    auto const x = tape.begin(input.view());
    auto const y = node(x);
    double const cost = tape.event_cost().total();
    tape.backward(y);
    auto const values = values_of(y);
    auto const dx = gradient_of(x);
    auto const again = tape.begin(input.view());
    auto const z = threshold_relu2(again, node.threshold, 5);
    CHECK(tape.event_cost().total() == cost);
    CHECK(cost > 0);
    tape.backward(z);
    CHECK(same_bits(values_of(z), values));
    CHECK(same_bits(gradient_of(again), dx));
}

TEST_CASE("threshold_relu2 layer: starts with the same threshold in every channel") {
    Rng rng(1);
    ThresholdRelu2<5, double> usual;
    usual.init(rng);
    ThresholdRelu2<dyn> other{.channels = 7, .first_threshold = 0.6};
    other.init(rng);
    for (double const th : usual.threshold.span()) { CHECK(th == 0.1); }
    for (float const th : other.threshold.span()) { CHECK(th == 0.6F); }
    CHECK(other.threshold.size() == 7);
    std::array<double, 5> const fixed{};
    usual.threshold.bind(fixed.data());
    CHECK_THROWS_AS(usual.init(rng), Error);
}

struct Site {
    ThresholdRelu2<65> relu;
    SPIKELET_PARTS(relu)
};

TEST_CASE("threshold_relu2 layer: shows its numbers") {
    Site site;
    fill_random(site.relu.threshold, 2);
    Recorder recorder(site);
    auto const input = random_tensor<float>(shape, 3);
    Tape tape;
    tape.observe(&recorder);
    auto const y = site.relu(tape.begin(input.view()));
    CHECK(recorder.seen.size() == 1);
    CHECK(recorder.seen["relu.s"] == values_of(y));
}

}  // namespace
}  // namespace spikelet::test::threshold_relu2_test
