// SPDX-License-Identifier: MIT
// e^x on batches. Every multiply-add is explicit, because xsimd's own exp has other bits wherever
// the compiler fuses otherwise. With n whole and |r| <= ln 2 / 2:
//   x = n ln 2 + r,   e^x = 2^n (1 + r (1 + r (1/2! + r (1/3! + ...))))
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <numbers>
#include <type_traits>

#include <spikelet/kernels/batch.hpp>

namespace spikelet::simd {

namespace detail {

/// Constants of e^x: ln of the largest number, rounded down, the lowest x whose result is computed,
/// ln 2 in two parts of which the first has few digits (Cody & Waite, "Software manual for the
/// elementary functions", 1980), and how many terms of the Taylor series reach the last digit.
template <class T>
struct Exponential;

template <>
struct Exponential<float> {
    static constexpr float highest = 88.7228317F, lowest = -86.98F;
    static constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
    static constexpr int terms = 7;
};

template <>
struct Exponential<double> {
    static constexpr double highest = 709.782712893384, lowest = -708.04;
    static constexpr double ln2_high = 0.693145751953125, ln2_low = 1.42860682030941723e-6;
    static constexpr int terms = 13;
};

/// 1/n! for n from 0.
template <class T>
inline constexpr auto inverse_factorials = [] {
    std::array<T, Exponential<T>::terms + 1> numbers{};
    double factorial = 1;
    for (std::size_t n = 0; n < numbers.size(); ++n) {
        if (n > 0) { factorial *= static_cast<double>(n); }
        numbers[n] = static_cast<T>(1 / factorial);
    }
    return numbers;
}();

void scaled();  // so that the name exists on machines without the instruction

#if XSIMD_WITH_AVX512F
[[gnu::always_inline]] inline __m512 scaled(__m512 x, __m512 power) {
    return _mm512_scalef_ps(x, power);
}
[[gnu::always_inline]] inline __m512d scaled(__m512d x, __m512d power) {
    return _mm512_scalef_pd(x, power);
}
#endif

/// x 2^power for whole powers, where x and the result are normal numbers.
template <class B>
[[gnu::always_inline]] inline B times_power_of_two(B const& x, B const& power) {
    if constexpr (requires { detail::scaled(x.data, power.data); }) {
        return detail::scaled(x.data, power.data);
    } else {
        // The exponent is what stands above the digits.
        using T = typename B::value_type;
        constexpr int digits = std::numeric_limits<T>::digits - 1;
        B whole = power;
        // Larger powers, of which nobody uses the result, may fit no integer: doubles are converted
        // one by one in places, and that is undefined then.
        if constexpr (sizeof(T) == sizeof(double)) {
            whole = simd::select(simd::abs(power) < B(2000), power, B(0));
        }
        auto const exponent = xsimd::to_int(whole) << digits;
        using Integers = std::remove_const_t<decltype(exponent)>;
        return as<B>(as<Integers>(x) + exponent);
    }
}

}  // namespace detail

/// exp of several x of which none is far above 0 (below 88), with the bits of exp. Step by step for
/// all of them at once, since each step waits for the one before it.
template <class B, std::size_t N>
[[gnu::always_inline]] inline std::array<B, N> exp_at_most_one(std::array<B, N> const& x) {
    using T = typename B::value_type;
    using Constants = detail::Exponential<T>;
    constexpr auto& factors = detail::inverse_factorials<T>;
    constexpr auto all = [](auto&& step) { simd::unrolled<static_cast<index>(N)>(step); };
    std::array<B, N> power, rest, series;
    all([&](auto i) {
        power[i] = xsimd::nearbyint(x[i] * B(static_cast<T>(1 / std::numbers::ln2)));
    });
    all([&](auto i) { rest[i] = simd::fnma(power[i], B(Constants::ln2_high), x[i]); });
    all([&](auto i) { rest[i] = simd::fnma(power[i], B(Constants::ln2_low), rest[i]); });
    all([&](auto i) { series[i] = B(factors.back()); });
    simd::unrolled<Constants::terms>([&](auto n) {
        B const factor(factors[Constants::terms - 1 - n]);
        all([&](auto i) { series[i] = simd::fma(series[i], rest[i], factor); });
    });
    all([&](auto i) {
        series[i] = simd::zero_where(x[i] < B(Constants::lowest),
                                     detail::times_power_of_two(series[i], power[i]));
    });
    return series;
}

/// e^x with an error below 1 unit in the last place (1.3 without fused multiply-adds); infinity
/// where that is too large for T; 0 below 1.7e-38 (float) or 3.2e-308 (double), near the end of the
/// normal numbers; NaN for NaN.
template <class B>
[[gnu::always_inline]] inline B exp(B const& x) {
    using T = typename B::value_type;
    B const infinity(std::numeric_limits<T>::infinity());
    auto const [normal] = simd::exp_at_most_one(std::array{x});
    return simd::select(x > B(detail::Exponential<T>::highest), infinity, normal);
}

/// -|x|.
template <class B>
[[gnu::always_inline]] inline B minus_abs(B const& x) {
    return x | B(typename B::value_type(-0.0));
}

/// e^-|x| with the bits of exp(-abs(x)), but fewer instructions.
template <class B>
[[gnu::always_inline]] inline B exp_minus_abs(B const& x) {
    return simd::exp_at_most_one(std::array{simd::minus_abs(x)})[0];
}

/// 1 / (1 + e^-x), without overflow.
template <class B>
B sigmoid(B const& x) {
    B const e = simd::exp_minus_abs(x);
    B const one(1);
    return simd::select(x >= B(0), one, e) / (one + e);
}

}  // namespace spikelet::simd
