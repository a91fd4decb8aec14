// SPDX-License-Identifier: MIT
#include <spikelet/kernels/batch.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/kernels/simd.hpp>

#include <support/lanes.hpp>
#include <support/numbers.hpp>

namespace spikelet::test::batch_test {
namespace {

TEST_CASE_TEMPLATE("batch: arithmetic is that of each lane", T, float, double) {
    using B = Batch<T>;
    auto const a = random_numbers<T>(simd::width<B>, 1);
    auto const b = random_numbers<T>(simd::width<B>, 2);
    auto const x = B::load_unaligned(a.data());
    auto const y = B::load_unaligned(b.data());
    auto const each = [&](B const& result, auto formula) {
        auto const lanes = lanes_of(result);
        bool right = true;
        for (std::size_t i = 0; i < B::size; ++i) {
            right = right && lanes[i] == formula(a[i], b[i]);
        }
        CHECK(right);
    };
    each(x + y, [](T p, T q) { return p + q; });
    each(x - y, [](T p, T q) { return p - q; });
    each(x * y, [](T p, T q) { return p * q; });
    each(x / y, [](T p, T q) { return p / q; });
    each(simd::max(x, y), [](T p, T q) { return std::max(p, q); });
    each(simd::abs(x), [](T p, T) { return std::abs(p); });
    each(simd::sqrt(simd::abs(x)), [](T p, T) { return std::sqrt(std::abs(p)); });
    each(simd::floor(x), [](T p, T) { return std::floor(p); });
    each(simd::floor(B(-3)), [](T, T) { return T(-3); });
    each(simd::nearest(x), [](T p, T) { return std::nearbyint(p); });
    each(simd::nearest(B(2.5)), [](T, T) { return T(2); });
    each(simd::select(x < y, x, y), [](T p, T q) { return p < q ? p : q; });
    each(simd::select(x >= y, x, y), [](T p, T q) { return p >= q ? p : q; });
    each(simd::fnma(x, y, B(1)),
         [&](T p, T q) { return lanes_of(simd::fma(B(-p), B(q), B(1)))[0]; });
    each(simd::constant<B>(1.0 / 3), [](T, T) { return static_cast<T>(1.0 / 3); });
}

TEST_CASE_TEMPLATE("batch: fma rounds once where the processor can", T, float, double) {
    T const x = T(1) + std::numeric_limits<T>::epsilon();
    auto const sum = lanes_of(simd::fma(Batch<T>(x), Batch<T>(x), Batch<T>(-x * x)));
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    CHECK(sum.front() == std::fma(x, x, -x * x));
    CHECK(sum.front() != 0);
#else
    CHECK(sum.front() == 0);
#endif
    CHECK(sum.front() == sum.back());
}

TEST_CASE_TEMPLATE("batch: NaN goes through the positive part, and through max as its second, in "
                   "every lane",
                   T, float, double) {
    using B = Batch<T>;
    T const nan = std::numeric_limits<T>::quiet_NaN();
    for (std::size_t lane = 0; lane < B::size; ++lane) {
        std::vector<T> x(B::size, T(-1.5));
        x[lane] = nan;
        auto const lanes = B::load_unaligned(x.data());
        auto const positive = lanes_of(simd::positive_part(lanes));
        auto const larger = lanes_of(simd::max(B(2), lanes));
        for (std::size_t i = 0; i < B::size; ++i) {
            CHECK((i == lane ? std::isnan(positive[i]) : positive[i] == 0));
            CHECK((i == lane ? std::isnan(larger[i]) : larger[i] == 2));
        }
    }
}

TEST_CASE_TEMPLATE("batch: the positive part of nothing has no sign", T, float, double) {
    T const tiny = std::numeric_limits<T>::denorm_min();
    auto const check = [](T x, T expected) {
        auto const lanes = lanes_of(simd::positive_part(Batch<T>(x)));
        CHECK(same_bits(lanes, std::vector<T>(lanes.size(), expected)));
    };
    check(T(-0.0), T(0));
    check(T(0), T(0));
    check(-tiny, T(0));
    check(tiny, tiny);
    check(-std::numeric_limits<T>::infinity(), T(0));
    check(std::numeric_limits<T>::infinity(), std::numeric_limits<T>::infinity());
}

TEST_CASE_TEMPLATE("batch: sum and largest look at every lane", T, float, double) {
    constexpr index width = simd::width<Batch<T>>;
    auto numbers = ascending<T>(width);
    CHECK(simd::sum(Batch<T>::load_unaligned(numbers.data())) == T(width * (width + 1) / 2));
    for (T& number : numbers) {
        number += T(100);
        CHECK(simd::largest(Batch<T>::load_unaligned(numbers.data())) == number);
    }
}

TEST_CASE_TEMPLATE("batch: bits of a comparison come back as zeros and ones", T, float, double) {
    constexpr index width = simd::width<Batch<T>>;
    for (index n = 0; n <= width; ++n) {
        auto const numbers = ascending<T>(width);
        auto const x = Batch<T>::load_unaligned(numbers.data());
        word const bits = simd::to_bits(x <= Batch<T>(T(n)));
        CHECK(bits == (word{1} << n) - 1);
        auto const lanes = lanes_of(simd::from_bits<Batch<T>>(bits));
        for (index i = 0; i < width; ++i) {
            CHECK(lanes[static_cast<std::size_t>(i)] == (i < n ? T(1) : T(0)));
        }
    }
}

TEST_CASE_TEMPLATE("batch: spikes_at reads one batch of a packed row", T, float, double) {
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

}  // namespace
}  // namespace spikelet::test::batch_test
