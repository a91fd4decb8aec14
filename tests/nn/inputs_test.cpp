// SPDX-License-Identifier: MIT
#include <spikelet/nn/inputs.hpp>

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/nn/event_node.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/integer_lif.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/values.hpp>

namespace spikelet::test::inputs_test {
namespace {

/// Of 6,400 normal numbers, the share that fires when its node starts.
template <class Node>
double first_firing(Node&& node) {
    Extents<dyn, dyn, dyn> const shape(1, 100, 64);
    Rng rng{3};
    init(node, rng);
    Forward forward;
    auto const input = random_tensor<float>(shape, 1);
    auto const levels = to_numbers(node(forward.begin(input.view())));
    auto const fired = std::count_if(levels.data, levels.data + shape.size(),
                                     [](float level) { return level != 0; });
    return static_cast<double>(fired) / static_cast<double>(shape.size());
}

TEST_CASE("inputs: each kind has a name of its own, two are events") {
    std::set<std::string_view> names;
    std::set<Inputs> kinds;
    int events = 0;
    for (NamedInputs const& named : named_inputs) {
        names.insert(named.name);
        kinds.insert(named.inputs);
        events += reads_events(named.inputs) ? 1 : 0;
    }
    CHECK(names.size() == 4);
    CHECK(kinds.size() == 4);
    CHECK(events == 2);
    CHECK(reads_events(Inputs::shared_events));
    CHECK(reads_events(Inputs::own_events));
}

TEST_CASE("event levels: are those that three bits hold, or an error that says where") {
    CHECK_NOTHROW(check(EventLevelOptions{}));
    CHECK_NOTHROW(check(EventLevelOptions{.inputs = 1, .output = 1, .head = 1}));
    CHECK_THROWS_WITH_AS(check(EventLevelOptions{.inputs = 8}),
                         "input levels: levels are 8, this kind of spike has 1 to 7", Error);
    CHECK_THROWS_WITH_AS(check(EventLevelOptions{.output = 4}),
                         "output levels: levels are 4, this kind of spike has 1 to 3", Error);
    CHECK_THROWS_WITH_AS(check(EventLevelOptions{.head = 0}),
                         "head levels: levels are 0, this kind of spike has 1 to 7", Error);
    CHECK(EventLevelOptions{} == EventLevelOptions{.inputs = 7, .output = 3, .head = 7});
    CHECK_FALSE(EventLevelOptions{} == EventLevelOptions{.head = 6});
}

TEST_CASE("event levels: first thresholds reach the last of many levels at the same number") {
    CHECK(EventNode<4>{}.first_threshold == doctest::Approx(0.28));
    CHECK(EventNode<4, signed_graded<3>>{}.first_threshold == doctest::Approx(0.6));
    for (int const levels : {4, 5, 7, 15}) {
        CHECK(levels * first_threshold_of<graded<4>>(levels) == doctest::Approx(1.96));
    }
}

TEST_CASE("event levels: first thresholds let enough fire, however few levels there are") {
    EventNode<dyn> few{.channels = 64, .most = 1};
    CHECK(first_firing(few) == doctest::Approx(0.309).epsilon(0.05));
    CHECK(first_firing(EventNode<dyn, bit>{64}) == first_firing(few));
    CHECK(first_firing(IntegerLif<dyn, bit>{.channels = 64, .first_leak = 0}) == first_firing(few));
    CHECK(first_firing(EventNode<dyn>{64}) == doctest::Approx(0.390).epsilon(0.05));
    CHECK(first_firing(EventNode<dyn, signed_graded<3>>{64}) ==
          doctest::Approx(0.653).epsilon(0.05));
    CHECK(first_firing(EventNode<dyn, trit>{64}) == doctest::Approx(0.653).epsilon(0.05));
}

}  // namespace
}  // namespace spikelet::test::inputs_test
