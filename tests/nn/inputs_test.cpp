// SPDX-License-Identifier: MIT
#include <spikelet/nn/inputs.hpp>

#include <set>

#include <doctest/doctest.h>

#include <spikelet/nn/event_node.hpp>

namespace spikelet::test::inputs_test {
namespace {

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

TEST_CASE("event levels: first thresholds reach the last level at the same number") {
    CHECK(EventNode<4>{}.first_threshold == doctest::Approx(0.28));
    CHECK(EventNode<4>{.most = 2}.first_threshold == doctest::Approx(0.98));
    CHECK(EventNode<4, signed_graded<3>>{}.first_threshold == doctest::Approx(0.6));
    for (int const levels : {1, 3, 7}) {
        CHECK(levels * first_threshold_of<graded<3>>(levels) == doctest::Approx(1.96));
        CHECK(levels * first_threshold_of<signed_graded<3>>(levels) == doctest::Approx(1.8));
    }
}

}  // namespace
}  // namespace spikelet::test::inputs_test
