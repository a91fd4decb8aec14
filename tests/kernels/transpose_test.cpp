// SPDX-License-Identifier: MIT
#include <spikelet/kernels/transpose.hpp>

#include <doctest/doctest.h>

namespace spikelet::test::transpose_test {
namespace {

TEST_CASE_TEMPLATE("transpose: lane c of row r becomes lane r of row c", T, float, double) {
    using Batch = simd::Batch<T, Serial<>>;
    constexpr std::size_t side = Batch::size;
    alignas(64) std::array<T, side * side> numbers;
    for (std::size_t i = 0; i < numbers.size(); ++i) { numbers[i] = static_cast<T>(i); }
    kernels::Square<Batch> square;
    for (std::size_t r = 0; r < side; ++r) {
        square[r] = simd::load<Batch>(numbers.data() + r * side, simd::Full{});
    }
    kernels::transpose<Batch>(square);
    for (std::size_t r = 0; r < side; ++r) {
        alignas(64) std::array<T, side> row;
        simd::store(row.data(), square[r], simd::Full{});
        for (std::size_t c = 0; c < side; ++c) { CHECK(row[c] == numbers[c * side + r]); }
    }
}

}  // namespace
}  // namespace spikelet::test::transpose_test
