// SPDX-License-Identifier: MIT
// Batches: one vector register as a value, and arithmetic on it. With the files that
// tools/check_layers.py names, the only one that knows xsimd and instructions.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

// GCC 12's own AVX-512 headers leave an operand undefined on purpose and then warn about it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <xsimd/xsimd.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <spikelet/core/element.hpp>
#include <spikelet/core/policy.hpp>
#include <spikelet/kernels/neon.hpp>

// Calls between these functions say simd::, since xsimd has functions of the same names, which an
// unqualified call on a batch would prefer.
namespace spikelet::simd {

/// One vector register of T on the policy's instruction set.
template <class T, class Policy>
using Batch = xsimd::batch<T, typename Policy::arch>;

/// Lanes of a batch.
template <class B>
inline constexpr index width = static_cast<index>(B::size);

namespace detail {

inline constexpr bool takes_first = XSIMD_VERSION_MAJOR >= 14;  // of two, where one is NaN

template <class F, std::size_t... Is>
[[gnu::always_inline]] inline void unrolled(F&& f, std::index_sequence<Is...>) {
    (f(std::integral_constant<std::size_t, Is>{}), ...);
}

}  // namespace detail

/// Calls f(0), f(1), ... f(N - 1); every number is a type, and no loop is left: arrays of batches
/// that are indexed by them stay in registers where f is inlined ([[gnu::flatten]] sees to that).
template <index N, class F>
[[gnu::always_inline]] inline void unrolled(F&& f) {
    detail::unrolled(f, std::make_index_sequence<static_cast<std::size_t>(N)>{});
}

/// A number in every lane, rounded to the lanes' type.
template <class B>
B constant(double value) {
    return B(static_cast<typename B::value_type>(value));
}

/// The same bits as a batch of other lanes.
template <class To, class B>
[[gnu::always_inline]] inline To as(B const& x) {
    using Lane = typename To::value_type;
    constexpr bool by_lane = requires {  // since xsimd 11
        { xsimd::bitwise_cast<Lane>(x) } -> std::same_as<To>;
    };
    return xsimd::bitwise_cast<std::conditional_t<by_lane, Lane, To>>(x);
}

/// Vector registers of the instruction set, for choosing register tiles.
template <class B>
inline constexpr int registers = sizeof(B) == 64 ? 32 : 16;

/// Lane by lane, like the functions below, the larger one. Where one is NaN, x86 takes b.
template <class B>
B(max)
(B const& a, B const& b) {
    return detail::takes_first ? (xsimd::max)(b, a) : (xsimd::max)(a, b);
}

/// The smaller one.
template <class B>
B(min)
(B const& a, B const& b) {
    return detail::takes_first ? (xsimd::min)(b, a) : (xsimd::min)(a, b);
}

/// The absolute value.
template <class B>
B abs(B const& x) {
    return xsimd::abs(x);
}

/// The square root, rounded once.
template <class B>
B sqrt(B const& x) {
    return xsimd::sqrt(x);
}

/// The largest whole number that is not above x.
template <class B>
B floor(B const& x) {
    return xsimd::floor(x);
}

/// The nearest whole number, of two the even one.
template <class B>
B nearest(B const& x) {
    return xsimd::nearbyint(x);
}

/// Lane by lane: a where the mask holds, else b.
template <class Mask, class B>
B select(Mask const& mask, B const& a, B const& b) {
    return xsimd::select(mask, a, b);
}

namespace detail {

// xsimd 8.1 has no fused operation for AVX-512 and leaves it to compilers to fuse a product and a
// sum, which g++ does and clang does not; fma(-a, b, c) costs a change of sign with AVX2. Functions
// without the instruction set in their type are inlined always: they must not merge with those of
// another translation unit (core/policy.hpp).
// So that the names exist on machines without the instructions.
void fused();
void fused_negated();
void cleared();

#if XSIMD_WITH_AVX512F
[[gnu::always_inline]] inline __m512 fused(__m512 a, __m512 b, __m512 c) {
    return _mm512_fmadd_ps(a, b, c);
}
[[gnu::always_inline]] inline __m512d fused(__m512d a, __m512d b, __m512d c) {
    return _mm512_fmadd_pd(a, b, c);
}
[[gnu::always_inline]] inline __m512 fused_negated(__m512 a, __m512 b, __m512 c) {
    return _mm512_fnmadd_ps(a, b, c);
}
[[gnu::always_inline]] inline __m512d fused_negated(__m512d a, __m512d b, __m512d c) {
    return _mm512_fnmadd_pd(a, b, c);
}
#endif

#if XSIMD_WITH_FMA3_AVX2
[[gnu::always_inline]] inline __m256 fused_negated(__m256 a, __m256 b, __m256 c) {
    return _mm256_fnmadd_ps(a, b, c);
}
[[gnu::always_inline]] inline __m256d fused_negated(__m256d a, __m256d b, __m256d c) {
    return _mm256_fnmadd_pd(a, b, c);
}
#endif

#if XSIMD_WITH_AVX
[[gnu::always_inline]] inline __m256 cleared(__m256 mask, __m256 x) {
    return _mm256_andnot_ps(mask, x);
}
[[gnu::always_inline]] inline __m256d cleared(__m256d mask, __m256d x) {
    return _mm256_andnot_pd(mask, x);
}
#endif

}  // namespace detail

/// a * b + c, rounded once where the hardware can.
template <class B>
B fma(B const& a, B const& b, B const& c) {
    if constexpr (requires { detail::fused(a.data, b.data, c.data); }) {
        return detail::fused(a.data, b.data, c.data);
    } else {
        return xsimd::fma(a, b, c);
    }
}

/// c - a * b, rounded once where the hardware can.
template <class B>
B fnma(B const& a, B const& b, B const& c) {
    if constexpr (requires { detail::fused_negated(a.data, b.data, c.data); }) {
        return detail::fused_negated(a.data, b.data, c.data);
    } else {
        return simd::fma(-a, b, c);
    }
}

/// x, but 0 where the mask holds.
template <class Mask, class B>
B zero_where(Mask const& mask, B const& x) {
    // g++ 12 makes two instructions of xsimd's way to choose.
    if constexpr (requires { detail::cleared(mask.data, x.data); }) {
        return detail::cleared(mask.data, x.data);
    } else {
        return simd::select(mask, B(0), x);
    }
}

/// max(x, 0), where NaN stays NaN and -0 becomes 0: of two, simd::max keeps one or the other.
template <class B>
B positive_part(B const& x) {
    return simd::zero_where(x <= B(0), x);
}

/// Sum of the lanes in a fixed order: halves are folded until one is left.
template <class B>
typename B::value_type sum(B const& x) {
    alignas(64) std::array<typename B::value_type, B::size> lanes;
    x.store_aligned(lanes.data());
    for (std::size_t half = B::size / 2; half > 0; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) { lanes[i] += lanes[i + half]; }
    }
    return lanes[0];
}

/// The largest lane.
template <class B>
typename B::value_type largest(B const& x) {
    alignas(64) std::array<typename B::value_type, B::size> lanes;
    x.store_aligned(lanes.data());
    return *std::max_element(lanes.begin(), lanes.end());
}

namespace detail {

/// True where a comparison's result is an integer with one bit a lane (AVX-512).
template <class Mask>
inline constexpr bool is_bit_mask = sizeof(Mask::data) <= sizeof(word);

void sign_bits();  // so that the name exists on machines without the instruction

#if XSIMD_WITH_SSE2
[[gnu::always_inline]] inline word sign_bits(__m128 lanes) {
    return static_cast<word>(static_cast<unsigned>(_mm_movemask_ps(lanes)));
}
[[gnu::always_inline]] inline word sign_bits(__m128d lanes) {
    return static_cast<word>(static_cast<unsigned>(_mm_movemask_pd(lanes)));
}
#endif

#if XSIMD_WITH_AVX
[[gnu::always_inline]] inline word sign_bits(__m256 lanes) {
    return static_cast<word>(static_cast<unsigned>(_mm256_movemask_ps(lanes)));
}
[[gnu::always_inline]] inline word sign_bits(__m256d lanes) {
    return static_cast<word>(static_cast<unsigned>(_mm256_movemask_pd(lanes)));
}
#endif

}  // namespace detail

/// A comparison's lanes as bits: lane i is bit i.
template <class T, class Arch>
word to_bits(xsimd::batch_bool<T, Arch> const& mask) {
    using Mask = xsimd::batch_bool<T, Arch>;
    if constexpr (detail::is_bit_mask<Mask>) {
        return static_cast<word>(mask.data);
    } else if constexpr (requires { detail::sign_bits(mask.data); }) {
        return detail::sign_bits(mask.data);
    } else {
        bool lanes[Mask::size];
        mask.store_unaligned(lanes);
        word bits = 0;
        for (std::size_t i = 0; i < Mask::size; ++i) {
            bits |= static_cast<word>(lanes[i] ? 1 : 0) << i;
        }
        return bits;
    }
}

/// 1 where bit i of `bits` is set, else 0.
template <class B>
B from_bits(word bits) {
    using T = typename B::value_type;
    using Mask = xsimd::batch_bool<T, typename B::arch_type>;
    if constexpr (detail::is_bit_mask<Mask>) {
        auto const mask = static_cast<typename Mask::register_type>(bits);
        return xsimd::select(Mask(mask), B(1), B(0));
    } else {
        using Integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
        using Integers = xsimd::batch<Integer, typename B::arch_type>;
        static constexpr auto one_bit_per_lane = [] {
            std::array<Integer, B::size> lanes{};
            for (std::size_t i = 0; i < B::size; ++i) { lanes[i] = Integer{1} << i; }
            return lanes;
        }();
        Integers const lane = Integers::load_unaligned(one_bit_per_lane.data());
        auto const set = (Integers(static_cast<Integer>(bits)) & lane) != Integers(0);
        return xsimd::to_float(xsimd::select(set, Integers(1), Integers(0)));
    }
}

/// The `width` spikes of a packed row that start at element i (a multiple of the width).
template <class B>
word spikes_at(word const* row, index i) {
    word const mask = width<B> == 64 ? ~word{0} : (word{1} << width<B>)-1;
    return (row[i / bits_per_word] >> (i % bits_per_word)) & mask;
}

}  // namespace spikelet::simd
