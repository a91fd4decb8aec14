// SPDX-License-Identifier: MIT
#include <spikelet/kernels/part.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::test::part_test {
namespace {

TEST_CASE_TEMPLATE("part: lanes in use are read and written, others are zero and stay", T, float,
                   double) {
    using Batch = simd::Batch<T, Serial<>>;
    for (index n = 0; n < simd::width<Batch>; ++n) {
        // As many numbers as are in use: a sanitizer sees whoever reads more.
        std::vector<T> const numbers(static_cast<std::size_t>(n), T(7));
        Batch const x = simd::load<Batch>(numbers.data(), simd::Part{n});
        std::array<T, Batch::size> lanes;
        lanes.fill(T(99));
        simd::store(lanes.data(), x, simd::Full{});
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            CHECK(lanes[i] == (static_cast<index>(i) < n ? T(7) : T(0)));
        }
        lanes.fill(T(99));
        simd::store(lanes.data(), Batch(T(5)), simd::Part{n});
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            CHECK(lanes[i] == (static_cast<index>(i) < n ? T(5) : T(99)));
        }
    }
}

}  // namespace
}  // namespace spikelet::test::part_test
