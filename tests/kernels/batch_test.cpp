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

namespace spikelet::test {
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
    each(simd::select(x < y, x, y), [](T p, T q) { return p < q ? p : q; });
    each(simd::select(x >= y, x, y), [](T p, T q) { return p >= q ? p : q; });
    each(simd::fnma(x, y, B(1)),
         [&](T p, T q) { return lanes_of(simd::fma(B(-p), B(q), B(1)))[0]; });
    each(simd::constant<B>(1.0 / 3), [](T, T) { return static_cast<T>(1.0 / 3); });
}

TEST_CASE_TEMPLATE("batch: fma rounds once where the processor can", T, float, double) {
    T const x = T(1) + std::numeric_limits<T>::epsilon();
    auto const sum = lanes_of(simd::fma(Batch<T>(x), Batch<T>(x), Batch<T>(-x * x)));
#if defined(__FMA__)
    CHECK(sum.front() == std::fma(x, x, -x * x));
    CHECK(sum.front() != 0);
#else
    CHECK(sum.front() == 0);
#endif
    CHECK(sum.front() == sum.back());
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

TEST_CASE_TEMPLATE("batch: sigmoid is right at both ends", T, float, double) {
    for (T const x : {T(-1000), T(-20), T(-1), T(0), T(0.5), T(20), T(1000)}) {
        double const expected = 1 / (1 + std::exp(-static_cast<double>(x)));
        auto const y = lanes_of(simd::sigmoid(Batch<T>(x)));
        CHECK(static_cast<double>(y.front()) == doctest::Approx(expected).epsilon(1e-6));
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

/// e^x of one number.
template <class T>
T exp_of(T x) {
    return lanes_of(simd::exp(Batch<T>(x))).back();
}

/// |e^x - the true one| in units of the last place of the true one, rounded down to T.
template <class T>
double exp_error(T x) {
    long double const expected = std::exp(static_cast<long double>(x));
    int const last_place = std::ilogb(expected) - (std::numeric_limits<T>::digits - 1);
    long double const error = std::abs(static_cast<long double>(exp_of(x)) - expected);
    return static_cast<double>(std::ldexp(error, -last_place));
}

/// The x below which exp gives 0.
template <class T>
constexpr T lowest_exponent = std::is_same_v<T, float> ? T(-86.98F) : T(-708.04);

/// The largest x whose e^x is a finite T.
template <class T>
T highest_exponent() {
    long double const top = std::log(static_cast<long double>(std::numeric_limits<T>::max()));
    T const x = static_cast<T>(top);
    return static_cast<long double>(x) <= top ? x : std::nextafter(x, T(0));
}

TEST_CASE_TEMPLATE("batch: exp is within 1.3 units of the last place, from end to end", T, float,
                   double) {
    T const low = lowest_exponent<T>;
    T const high = highest_exponent<T>();
    // The worst that are known for float without fused multiply-adds.
    double worst = std::max(exp_error<T>(T(-59.9542465)), exp_error<T>(T(15.6070023)));
    int const steps = 50000;
    for (int i = 0; i <= steps; ++i) {
        T const share = static_cast<T>(i) / static_cast<T>(steps);
        worst = std::max(worst, exp_error<T>(std::min(high, low + share * (high - low))));
        worst = std::max(worst, exp_error<T>(share - T(0.5)));
        worst = std::max(worst, exp_error<T>(share * std::numeric_limits<T>::epsilon()));
    }
    worst = std::max({worst, exp_error(low), exp_error(high)});
    CHECK(worst < 1.3);
    CHECK(std::isfinite(exp_of(high)));
}

TEST_CASE_TEMPLATE("batch: exp at its ends and beyond", T, float, double) {
    T const infinity = std::numeric_limits<T>::infinity();
    CHECK(exp_of(T(0)) == 1);
    CHECK(exp_of(T(-0.0)) == 1);
    CHECK(exp_of(std::numeric_limits<T>::denorm_min()) == 1);
    CHECK(exp_of(std::nextafter(highest_exponent<T>(), infinity)) == infinity);
    CHECK(exp_of(T(1000)) == infinity);
    CHECK(exp_of(std::numeric_limits<T>::max()) == infinity);
    CHECK(exp_of(infinity) == infinity);
    CHECK(exp_of(std::nextafter(lowest_exponent<T>, -infinity)) == 0);
    // Where the results would be denormal numbers.
    CHECK(exp_of(std::log(std::numeric_limits<T>::min()) - 1) == 0);
    CHECK(exp_of(T(-1000)) == 0);
    CHECK(exp_of(std::numeric_limits<T>::lowest()) == 0);
    CHECK(exp_of(-infinity) == 0);
    CHECK(std::isnan(exp_of(std::numeric_limits<T>::quiet_NaN())));
}

TEST_CASE_TEMPLATE("batch: exp of an element does not depend on where it stands", T, float,
                   double) {
    using B = Batch<T>;
    auto numbers = random_numbers<T>(simd::width<B>, 1);
    for (T& x : numbers) { x *= T(20); }
    auto const whole = lanes_of(simd::exp(B::load_unaligned(numbers.data())));
    std::vector<T> alone(numbers.size());
    std::vector<T> behind(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        alone[i] = exp_of(numbers[i]);
        T tail = 0;
        simd::store(&tail, simd::exp(simd::load<B>(&numbers[i], simd::Part{1})), simd::Part{1});
        behind[i] = tail;
    }
    CHECK(same_bits(whole, alone));
    CHECK(same_bits(whole, behind));
}

}  // namespace
}  // namespace spikelet::test
