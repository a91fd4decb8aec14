// SPDX-License-Identifier: MIT
#include <spikelet/nn/event_node.hpp>

#include <array>
#include <optional>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/nn/threshold_relu2.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test::event_node_test {
namespace {

constexpr Extents<dyn, dyn, dyn> shape(2, 7, 65);

TEST_CASE("event node layer: is the op with its thresholds, levels, surrogate and outputs") {
    EventNode<dyn, graded<2>, Triangle> node{
        .channels = 65, .most = 2, .fan_out = 5, .surrogate = Triangle{0.5}};
    fill_random(node.threshold, 1);
    auto const input = random_tensor<float>(shape, 2);
    Tape tape;
    tape.event_cost().set_price(0.5);
    auto const run = [&](auto const& f) {
        std::ranges::fill(std::span(node.threshold.gradient(), 65), 0.0F);
        auto const x = tape.begin(input.view());
        auto const numbers = to_numbers(f(x));
        tape.backward(numbers);
        auto all = values_of(numbers);
        auto const dx = gradient_of(x);
        all.insert(all.end(), dx.begin(), dx.end());
        all.insert(all.end(), node.threshold.gradient(), node.threshold.gradient() + 65);
        all.push_back(static_cast<float>(tape.event_cost().total()));
        return all;
    };
    auto const expected = run([&](auto x) {
        return event_node<graded<2>>(x, node.threshold, 2, 5, Triangle{0.5}).spikes;
    });
    CHECK(same_bits(run(node), expected));
    CHECK(*std::max_element(expected.begin(), expected.begin() + shape.size()) == 2);
    CHECK(expected.back() > 0);
}

TEST_CASE("event nodes: start with the same threshold in every channel") {
    Rng rng(1);
    EventNode<5> usual;
    usual.init(rng);
    EventNode<dyn, trit> other{.channels = 7, .first_threshold = 0.6};
    other.init(rng);
    for (float const th : usual.threshold.span()) { CHECK(th == 0.28F); }
    for (float const th : other.threshold.span()) { CHECK(th == 0.6F); }
    CHECK(other.threshold.size() == 7);
    std::array<float, 5> const fixed{};
    usual.threshold.bind(fixed.data());
    CHECK_THROWS_AS(usual.init(rng), Error);
}

struct Sites {
    EventNode<65, signed_graded<3>> node;
    SPIKELET_PARTS(node)
};

TEST_CASE("event nodes: show events, and where it is kept what they were made of") {
    Sites sites;
    fill_random(sites.node.threshold, 1);
    for (float& th : sites.node.threshold.span()) { th = 0.25F; }
    Recorder recorder(sites);
    auto const input = random_tensor<float>(shape, 3);
    Tape tape;
    tape.observe(&recorder);
    auto const x = tape.begin(input.view());
    auto const s = sites.node(x);
    CHECK(recorder.seen.size() == 2);
    CHECK(recorder.seen["node.s"] == values_of(to_numbers(s)));
    std::vector<float> in_thresholds;
    for (float const v : input.span()) { in_thresholds.push_back(4 * v); }
    CHECK(recorder.seen["node.u"] == in_thresholds);

    recorder.seen.clear();
    Forward forward;
    forward.observe(&recorder);
    (void)sites.node(forward.begin(input.view()));
    CHECK(recorder.seen["node.u"] == in_thresholds);
}

struct Synapses {
    std::array<EventNode<5>, 2> nodes{{{.fan_out = 3}, {.fan_out = 4}}};
    std::optional<ThresholdRelu2<7>> relu = ThresholdRelu2<7>{.fan_out = 10};
    std::optional<EventNode<1000>> absent;
    Linear<5, 7> matrix;
    EventNode<9> unread;
    SPIKELET_PARTS(nodes, relu, absent, matrix, unread)
};

TEST_CASE("event synapses: what the channels of all nodes feed") {
    Synapses const nodes;
    CHECK(event_synapses(nodes) == 5 * 3 + 5 * 4 + 7 * 10);
    CHECK(event_synapses(nodes.matrix) == 0);
}

TEST_CASE("event synapses: over them, the price of full activity is what is asked for") {
    // Every channel fires once: the cost is all synapses.
    EventNode<65> node{.fan_out = 12};
    fill_random(node.threshold, 1);
    for (float& th : node.threshold.span()) { th = 0.75F; }
    Tensor<float, 3, 65> ones;
    ones.fill(1);
    Tape tape;
    tape.event_cost().set_price(0.2 / event_synapses(node));
    (void)node(tape.begin(std::as_const(ones).view()));
    CHECK(tape.event_cost().total() == event_synapses(node));
}

}  // namespace
}  // namespace spikelet::test::event_node_test
