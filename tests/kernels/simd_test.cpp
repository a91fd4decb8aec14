// SPDX-License-Identifier: MIT
#include <spikelet/kernels/simd.hpp>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

namespace spikelet::test {
namespace {

template <class T>
using Batch = simd::Batch<T, Serial<>>;

template <class T>
std::vector<T> lanes_of(Batch<T> const& x) {
    std::vector<T> lanes(Batch<T>::size);
    simd::store(lanes.data(), x, simd::Full{});
    return lanes;
}

/// 1, 2, 3, ...
template <class T>
std::vector<T> ascending(index n) {
    std::vector<T> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), T(1));
    return numbers;
}

TEST_CASE_TEMPLATE("simd: a part loads zeros behind and stores nothing behind", T, float, double) {
    constexpr index width = simd::width<Batch<T>>;
    auto const numbers = ascending<T>(width);
    for (index n = 1; n < width; ++n) {
        auto const x = simd::load<Batch<T>>(numbers.data(), simd::Part{n});
        auto const lanes = lanes_of<T>(x);
        std::vector<T> stored(static_cast<std::size_t>(width), T(-1));
        simd::store(stored.data(), x, simd::Part{n});
        std::vector<T> accumulated(static_cast<std::size_t>(width), T(10));
        simd::accumulate(accumulated.data(), x, simd::Part{n});
        for (index i = 0; i < width; ++i) {
            auto const at = static_cast<std::size_t>(i);
            CHECK(lanes[at] == (i < n ? numbers[at] : T(0)));
            CHECK(stored[at] == (i < n ? numbers[at] : T(-1)));
            CHECK(accumulated[at] == (i < n ? numbers[at] + T(10) : T(10)));
        }
    }
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

TEST_CASE_TEMPLATE("simd: fma rounds once where the processor can", T, float, double) {
    T const x = T(1) + std::numeric_limits<T>::epsilon();
    auto const sum = lanes_of<T>(simd::fma(Batch<T>(x), Batch<T>(x), Batch<T>(-x * x)));
#if defined(__FMA__)
    CHECK(sum.front() == std::fma(x, x, -x * x));
    CHECK(sum.front() != 0);
#else
    CHECK(sum.front() == 0);
#endif
    CHECK(sum.front() == sum.back());
}

TEST_CASE_TEMPLATE("simd: sum and largest look at every lane", T, float, double) {
    constexpr index width = simd::width<Batch<T>>;
    auto numbers = ascending<T>(width);
    CHECK(simd::sum(simd::load<Batch<T>>(numbers.data(), simd::Full{})) ==
          T(width * (width + 1) / 2));
    for (T& number : numbers) {
        number += T(100);
        CHECK(simd::largest(simd::load<Batch<T>>(numbers.data(), simd::Full{})) == number);
    }
}

TEST_CASE_TEMPLATE("simd: sigmoid is right at both ends", T, float, double) {
    for (T const x : {T(-1000), T(-20), T(-1), T(0), T(0.5), T(20), T(1000)}) {
        double const expected = 1 / (1 + std::exp(-static_cast<double>(x)));
        auto const y = lanes_of<T>(simd::sigmoid(Batch<T>(x)));
        CHECK(static_cast<double>(y.front()) == doctest::Approx(expected).epsilon(1e-6));
    }
}

TEST_CASE_TEMPLATE("simd: bits of a comparison come back as zeros and ones", T, float, double) {
    constexpr index width = simd::width<Batch<T>>;
    for (index n = 0; n <= width; ++n) {
        auto const numbers = ascending<T>(width);
        auto const x = simd::load<Batch<T>>(numbers.data(), simd::Full{});
        word const bits = simd::to_bits(x <= Batch<T>(T(n)));
        CHECK(bits == (word{1} << n) - 1);
        auto const lanes = lanes_of<T>(simd::from_bits<Batch<T>>(bits));
        for (index i = 0; i < width; ++i) {
            CHECK(lanes[static_cast<std::size_t>(i)] == (i < n ? T(1) : T(0)));
        }
    }
}

TEST_CASE_TEMPLATE("simd: spikes_at reads one batch of a packed row", T, float, double) {
    constexpr index width = simd::width<Batch<T>>;
    std::array<word, 2> const row{0x0123456789ABCDEF, 0xFEDCBA9876543210};
    for (index i = 0; i < 128; i += width) {
        word const bits = simd::spikes_at<Batch<T>>(row.data(), i);
        CHECK((bits >> width) == 0);
        for (index b = 0; b < width; ++b) {
            index const at = i + b;
            CHECK((bits >> b & 1) == (row[static_cast<std::size_t>(at / 64)] >> (at % 64) & 1));
        }
    }
}

TEST_CASE("simd: unrolled counts from zero") {
    std::vector<std::size_t> seen;
    simd::unrolled<5>([&](auto i) { seen.push_back(i); });
    CHECK(seen == std::vector<std::size_t>{0, 1, 2, 3, 4});
}

}  // namespace
}  // namespace spikelet::test
