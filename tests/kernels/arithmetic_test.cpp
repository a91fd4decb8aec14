// SPDX-License-Identifier: MIT
#include <spikelet/kernels/arithmetic.hpp>

#include <doctest/doctest.h>

namespace spikelet::test::arithmetic_test {
namespace {

TEST_CASE_TEMPLATE("arithmetic: a lane of numbers is one number, whatever way it is read", T, float,
                   double) {
    using Arithmetic = kernels::Arithmetic<T, Serial<>>;
    using Batch = typename Arithmetic::Batch;
    static_assert(Arithmetic::depths == 1);
    std::array<T, Batch::size> numbers;
    for (std::size_t i = 0; i < numbers.size(); ++i) { numbers[i] = static_cast<T>(i + 1); }
    Batch const along = Arithmetic::along(numbers.data(), simd::Full{});
    Batch const down = Arithmetic::down(numbers.data(), 1, 1, simd::Part{2});
    std::array<T, Batch::size> sums;
    simd::store(sums.data(), Arithmetic::add_product(along, down, Batch(T(10))), simd::Full{});
    for (std::size_t i = 0; i < sums.size(); ++i) {
        T const square = i < 2 ? numbers[i] * numbers[i] : T(0);
        CHECK(sums[i] == T(10) + square);
    }
}

}  // namespace
}  // namespace spikelet::test::arithmetic_test
