// SPDX-License-Identifier: MIT
#include <spikelet/kernels/simd.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <support/lanes.hpp>

namespace spikelet::test::simd_test {
namespace {

TEST_CASE_TEMPLATE("simd: a part loads zeros behind and stores nothing behind", T, float, double) {
    constexpr index width = simd::width<Batch<T>>;
    auto const numbers = ascending<T>(width);
    for (index n = 1; n < width; ++n) {
        auto const x = simd::load<Batch<T>>(numbers.data(), simd::Part{n});
        auto const lanes = lanes_of(x);
        std::vector<T> stored(static_cast<std::size_t>(width), T(-1));
        simd::store(stored.data(), x, simd::Part{n});
        std::vector<T> accumulated(static_cast<std::size_t>(width), T(10));
        simd::accumulate(accumulated.data(), 0, x, simd::Part{n});
        for (index i = 0; i < width; ++i) {
            auto const at = static_cast<std::size_t>(i);
            CHECK(lanes[at] == (i < n ? numbers[at] : T(0)));
            CHECK(stored[at] == (i < n ? numbers[at] : T(-1)));
            CHECK(accumulated[at] == (i < n ? numbers[at] + T(10) : T(10)));
        }
    }
}

TEST_CASE_TEMPLATE("simd: a gradient that is null stays out, another one grows", T, float, double) {
    using B = Batch<T>;
    T* const nobody = nullptr;
    simd::accumulate(nobody, 5, B(1), simd::Full{});
    simd::accumulate(nobody, 5, B(1), B(1), simd::Part{1});
    std::vector<T> gradient(B::size + 2, T(1));
    simd::accumulate(gradient.data(), 1, B(2), B(3), simd::Full{});
    simd::accumulate(gradient.data(), 1, B(10), simd::Part{1});
    CHECK(gradient.front() == 1);
    CHECK(gradient[1] == 17);
    CHECK(gradient[B::size] == (B::size == 1 ? 17 : 7));
    CHECK(gradient.back() == 1);
}

TEST_CASE_TEMPLATE("simd: a fresh gradient has the bits of zeros and a sum", T, float, double) {
    using B = Batch<T>;
    std::vector<T> fresh(B::size, std::numeric_limits<T>::quiet_NaN());
    Accumulator<T> const d(fresh.data(), true);
    simd::accumulate(d, 0, B(3), simd::Full{});
    CHECK(fresh == std::vector<T>(B::size, T(3)));
    simd::accumulate(d, 0, B(2), B(5), simd::Full{});
    CHECK(fresh == std::vector<T>(B::size, T(10)));
    simd::accumulate(d, 0, B(T(-0.0)), simd::Full{});
    CHECK(!std::signbit(fresh.back()));
}

TEST_CASE_TEMPLATE("simd: for_each_batch covers a range once", T, float, double) {
    for (index begin : {0, 3}) {
        for (index end = begin; end < begin + 70; ++end) {
            index next = begin;
            simd::for_each_batch<Batch<T>>(begin, end, [&](index i, auto lanes) {
                CHECK(i == next);
                next += simd::lane_count<Batch<T>>(lanes);
            });
            CHECK(next == end);
        }
    }
}

TEST_CASE("simd: unrolled counts from zero") {
    std::vector<std::size_t> seen;
    simd::unrolled<5>([&](auto i) { seen.push_back(i); });
    CHECK(seen == std::vector<std::size_t>{0, 1, 2, 3, 4});
}

TEST_CASE_TEMPLATE("simd: sums over every number once, whatever the length", T, float, double) {
    using B = Batch<T>;
    for (index const n : {index{0}, index{1}, simd::width<B> + 3, 9 * simd::width<B> - 1}) {
        auto const numbers = ascending<T>(n + 1);
        auto const [sum, squares] = simd::sums_over<B, 2>(n, [&](auto& sums, index i, auto lanes) {
            B const x = simd::load<B>(numbers.data() + i, lanes);
            sums[0] += x;
            sums[1] = simd::fma(x, x, sums[1]);
        });
        T plain(0), squared(0);
        for (index i = 0; i < n; ++i) {
            T const x = numbers[static_cast<std::size_t>(i)];
            plain += x;
            squared += x * x;
        }
        CHECK(simd::sum(sum) == plain);  // small whole numbers: no rounding
        CHECK(simd::sum(squares) == squared);
    }
}

}  // namespace
}  // namespace spikelet::test::simd_test
