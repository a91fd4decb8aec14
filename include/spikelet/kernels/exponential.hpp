// SPDX-License-Identifier: MIT
// e^x on batches. Every multiply-add is explicit, because xsimd's own exp has other bits wherever
// the compiler fuses otherwise. With n whole and |r| <= ln 2 / 2:
//   x = n ln 2 + r,   e^x = 2^n (1 + r (1 + r (1/2! + r (1/3! + ...))))
#pragma once

#include <array>
#include <cstddef>
#include <numbers>

#include <spikelet/kernels/batch.hpp>

namespace spikelet::simd {

namespace detail {

/// Constants of e^x: an x above ln of the largest number, the lowest x whose result is computed,
/// ln 2 in two parts of which the first has few digits (Cody & Waite, "Software manual for the
/// elementary functions", 1980), and how many terms of the Taylor series reach the last digit.
template <class T>
struct Exponential;

template <>
struct Exponential<float> {
    static constexpr float highest = 88.73F, lowest = -86.98F;
    static constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
    static constexpr int terms = 7;
};

template <>
struct Exponential<double> {
    static constexpr double highest = 709.79, lowest = -708.04;
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

/// x 2^power for whole powers, where the result is a normal number.
template <class B>
B times_power_of_two(B const& x, B const& power) {
    if constexpr (requires { detail::scaled(x.data, power.data); }) {
        return detail::scaled(x.data, power.data);
    } else {
        // For the largest results 2^n itself is no number of T; 2^(n-1) is, and twice x.
        return xsimd::ldexp(x + x, xsimd::to_int(power - B(1)));
    }
}

/// 2^power e^(most + the low part of power ln 2), where `most` is x less the high part.
template <class B>
[[gnu::always_inline]] inline B exp_from(B const& power, B const& most) {
    using T = typename B::value_type;
    B const rest = simd::fnma(power, B(Exponential<T>::ln2_low), most);
    constexpr auto& factors = inverse_factorials<T>;
    B series(factors.back());
    for (std::size_t n = factors.size() - 1; n > 0; --n) {
        series = simd::fma(series, rest, B(factors[n - 1]));
    }
    return times_power_of_two(series, power);
}

}  // namespace detail

/// e^x with an error below 1 unit in the last place (1.3 without fused multiply-adds); infinity
/// where that is too large for T; 0 below 1.7e-38 (float) or 3.2e-308 (double), near the end of the
/// normal numbers; NaN for NaN.
template <class B>
[[gnu::always_inline]] inline B exp(B const& x) {
    using T = typename B::value_type;
    using Constants = detail::Exponential<T>;
    B const bounded(xsimd::min(B(Constants::highest), x));
    B const power = xsimd::nearbyint(bounded * B(static_cast<T>(1 / std::numbers::ln2)));
    B const most = simd::fnma(power, B(Constants::ln2_high), bounded);
    return simd::select(x < B(Constants::lowest), B(0), detail::exp_from(power, most));
}

/// e^-|x| with the bits of exp(-abs(x)), but fewer instructions.
template <class B>
[[gnu::always_inline]] inline B exp_minus_abs(B const& x) {
    using T = typename B::value_type;
    using Constants = detail::Exponential<T>;
    B const a = simd::abs(x);
    B const power = xsimd::nearbyint(a * B(static_cast<T>(-1 / std::numbers::ln2)));
    B const most = simd::fnma(power, B(Constants::ln2_high), -a);
    return simd::select(a > B(-Constants::lowest), B(0), detail::exp_from(power, most));
}

/// 1 / (1 + e^-x), without overflow.
template <class B>
B sigmoid(B const& x) {
    B const e = simd::exp_minus_abs(x);
    B const one(1);
    return simd::select(x >= B(0), one, e) / (one + e);
}

}  // namespace spikelet::simd
