// SPDX-License-Identifier: MIT
#include <spikelet/models/argmax.hpp>

#include <array>
#include <limits>

#include <doctest/doctest.h>

namespace spikelet::test::argmax_test {
namespace {

template <class T, std::size_t N>
constexpr std::int32_t of(std::array<T, N> const& logits) {
    return argmax(std::span<T const>(logits));
}

static_assert(of(std::array{1.0F, 3.0F, 2.0F}) == 1);
static_assert(of(std::array{1.0, 3.0, 3.0}) == 1);

TEST_CASE("argmax: the first of the largest, and never what is no number") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(of(std::array{-3.0F}) == 0);
    CHECK(of(std::array{-3.0F, -2.0F, -2.0F}) == 1);
    CHECK(of(std::array{nan, -5.0F, nan, -4.0F}) == 3);
    CHECK(of(std::array{2.0F, nan, 1.0F}) == 0);
    CHECK(of(std::array{nan, -infinity}) == 1);
    CHECK(of(std::array{-infinity, infinity}) == 1);
}

TEST_CASE("argmax: without numbers it is 0") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(of(std::array{nan, nan, nan}) == 0);
    CHECK(argmax(std::span<float const>{}) == 0);
    CHECK(argmax(std::span<double const>{}) == 0);
}

}  // namespace
}  // namespace spikelet::test::argmax_test
