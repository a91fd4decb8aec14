// SPDX-License-Identifier: MIT
#include <spikelet/core/accumulator.hpp>

#include <doctest/doctest.h>

namespace spikelet::test::accumulator_test {
namespace {

TEST_CASE("accumulator: a pointer is one that has numbers already") {
    float numbers[4] = {};
    Accumulator<float> const there = numbers;
    CHECK(there.data == numbers);
    CHECK(!there.fresh);
    CHECK(Accumulator<float>().data == nullptr);
}

TEST_CASE("accumulator: a part of a fresh one is fresh") {
    float numbers[4] = {};
    Accumulator<float> const part = Accumulator<float>(numbers, true) + 3;
    CHECK(part.data == numbers + 3);
    CHECK(part.fresh);
}

}  // namespace
}  // namespace spikelet::test::accumulator_test
