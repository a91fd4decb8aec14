// SPDX-License-Identifier: MIT
#include <spikelet/kernels/lane_sums.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/policy.hpp>

namespace spikelet::test::lane_sums_test {
namespace {

TEST_CASE_TEMPLATE("lane_sums: each of four batches has the sum of its lanes", T, float, double) {
    using B = simd::Batch<T, Serial<>>;
    using Sums = kernels::LaneSums<B>;
    std::array<T, 4 * B::size> lanes;
    for (std::size_t i = 0; i < lanes.size(); ++i) { lanes[i] = static_cast<T>(i * i % 37); }
    std::array<B, 4> batches;
    std::array<T, 4> expected{};
    for (std::size_t i = 0; i < 4; ++i) {
        batches[i] = simd::load<B>(lanes.data() + i * B::size, simd::Full{});
        for (std::size_t l = 0; l < B::size; ++l) { expected[i] += lanes[i * B::size + l]; }
    }
    std::vector<T> stored(static_cast<std::size_t>(Sums::size), T(99));
    for (int const times : {1, 2, 3}) {
        Sums(batches).add_to(stored.data(), times == 1);
        for (index i = 0; i < Sums::count; ++i) {
            T const sum = expected[static_cast<std::size_t>(i)];
            CHECK(Sums::number(stored.data(), i) == static_cast<T>(times) * sum);
        }
    }
}

}  // namespace
}  // namespace spikelet::test::lane_sums_test
