// SPDX-License-Identifier: MIT
#include <spikelet/kernels/exponential.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/kernels/simd.hpp>

#include <support/lanes.hpp>
#include <support/numbers.hpp>

namespace spikelet::test::exponential_test {
namespace {

TEST_CASE_TEMPLATE("exponential: sigmoid is right at both ends", T, float, double) {
    for (T const x : {T(-1000), T(-20), T(-1), T(0), T(0.5), T(20), T(1000)}) {
        double const expected = 1 / (1 + std::exp(-static_cast<double>(x)));
        auto const y = lanes_of(simd::sigmoid(Batch<T>(x)));
        CHECK(static_cast<double>(y.front()) == doctest::Approx(expected).epsilon(1e-6));
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

TEST_CASE_TEMPLATE("exponential: exp is within 1.3 units of the last place, from end to end", T,
                   float, double) {
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

TEST_CASE_TEMPLATE("exponential: exp at its ends and beyond", T, float, double) {
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

TEST_CASE_TEMPLATE("exponential: exp of an element does not depend on where it stands", T, float,
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

TEST_CASE_TEMPLATE("exponential: several at once have the bits of one alone", T, float, double) {
    using B = Batch<T>;
    auto const x = random_numbers<T>(3 * simd::width<B>, 2);
    auto const batch = [&](index i) {
        return B(T(-100)) * simd::abs(B::load_unaligned(x.data() + i * simd::width<B>));
    };
    std::array const exponents{batch(0), batch(1), batch(2)};
    auto const together = simd::exp_at_most_one(exponents);
    for (std::size_t i = 0; i < exponents.size(); ++i) {
        CHECK(same_bits(lanes_of(together[i]), lanes_of(simd::exp(exponents[i]))));
    }
}

TEST_CASE_TEMPLATE("exponential: e^-|x| has the bits of e^x of the negative number", T, float,
                   double) {
    T const infinity = std::numeric_limits<T>::infinity();
    auto const check = [](T x) {
        T const y = lanes_of(simd::exp_minus_abs(Batch<T>(x))).back();
        CHECK(same_bits(std::vector<T>{y}, std::vector<T>{exp_of(-std::abs(x))}));
    };
    for (int i = -2000; i <= 2000; ++i) { check(static_cast<T>(i) / T(17)); }
    for (T const x : {T(0), T(-0.0), -lowest_exponent<T>, infinity, -infinity}) { check(x); }
    check(std::nextafter(-lowest_exponent<T>, infinity));
    CHECK(std::isnan(
        lanes_of(simd::exp_minus_abs(Batch<T>(std::numeric_limits<T>::quiet_NaN()))).back()));
}

}  // namespace
}  // namespace spikelet::test::exponential_test
