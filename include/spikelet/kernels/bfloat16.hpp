// SPDX-License-Identifier: MIT
// bfloat16, the upper halves of floats: loads that widen them, and batches of pairs in the lanes of
// floats, made by rounding, and sums of products of pairs. A pair's first number is in the lower
// half of its lane.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::simd {

namespace detail {

/// The bits of a batch of floats, as a vector of the compiler.
template <class B>
using Bits [[gnu::vector_size(sizeof(B))]] = std::uint32_t;

template <class B>
[[gnu::always_inline]] inline Bits<B> bits_of(B const& x) {
    return reinterpret_cast<Bits<B>>(x.data);
}
template <class B>
[[gnu::always_inline]] inline B from_bits_of(Bits<B> bits) {
    return B(reinterpret_cast<typename B::register_type>(bits));
}

/// Rounded to nearest, ties to even, as the upper halves of lanes; lower halves hold anything.
template <class B>
[[gnu::always_inline]] inline Bits<B> rounded(B const& x) {
    Bits<B> const bits = bits_of(x);
    auto const nan = reinterpret_cast<Bits<B>>((bits & 0x7FFFFFFF) > 0x7F800000);
    return (nan & (bits | 0x00400000)) | (~nan & (bits + 0x7FFF + ((bits >> 16) & 1)));
}

template <std::size_t First, class B, std::size_t... Is>
[[gnu::always_inline]] inline B every_other(B const& a, B const& b, std::index_sequence<Is...>) {
    return B(__builtin_shufflevector(a.data, b.data, (First + 2 * Is)...));
}

// So that the names exist on machines without the instructions:
void pairs_across();
void pairs_along();
void dot();
void widened();

#if XSIMD_WITH_SSE2
[[gnu::always_inline]] inline __m128 widened(bf16 const* p, __m128) {
    __m128i const bits = _mm_loadl_epi64(reinterpret_cast<__m128i const*>(p));
    return _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), bits));
}
#endif

#if XSIMD_WITH_AVX2
[[gnu::always_inline]] inline __m256 widened(bf16 const* p, __m256) {
    __m128i const bits = _mm_loadu_si128(reinterpret_cast<__m128i const*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
#endif

#if XSIMD_WITH_AVX512F
[[gnu::always_inline]] inline __m512 widened(bf16 const* p, __m512) {
    __m256i const bits = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
#endif

#if defined(__AVX512BF16__)
[[gnu::always_inline]] inline __m512 pairs_along(__m512 first, __m512 second) {
    return reinterpret_cast<__m512>(_mm512_cvtne2ps_pbh(second, first));
}
template <std::size_t... Is>
[[gnu::always_inline]] inline __m512 halves_in_turns(__m512bh x, std::index_sequence<Is...>) {
    return reinterpret_cast<__m512>(
        __builtin_shufflevector(x, x, (Is / 2 + Is % 2 * (sizeof...(Is) / 2))...));
}
[[gnu::always_inline]] inline __m512 pairs_across(__m512 first, __m512 second) {
    return halves_in_turns(_mm512_cvtne2ps_pbh(second, first), std::make_index_sequence<32>{});
}
[[gnu::always_inline]] inline __m512 dot(__m512 sum, __m512 a, __m512 b) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
}
#endif

}  // namespace detail

/// Pairs of numbers from two batches: lane i holds first[i] and second[i], rounded to nearest, ties
/// to even. A NaN stays one.
template <class B>
B bf16_pairs_across(B const& first, B const& second) {
    if constexpr (requires { detail::pairs_across(first.data, second.data); }) {
        return detail::pairs_across(first.data, second.data);
    } else {
        return detail::from_bits_of<B>((detail::rounded(first) >> 16) |
                                       (detail::rounded(second) & 0xFFFF0000));
    }
}

/// Pairs of neighbours, first those of one batch, then those of the other, rounded alike.
template <class B>
B bf16_pairs_along(B const& first, B const& second) {
    if constexpr (requires { detail::pairs_along(first.data, second.data); }) {
        return detail::pairs_along(first.data, second.data);
    } else {
        constexpr auto lanes = std::make_index_sequence<B::size>{};
        return simd::bf16_pairs_across(detail::every_other<0>(first, second, lanes),
                                       detail::every_other<1>(first, second, lanes));
    }
}

/// sum + the products of two pairs: fma(a[0], b[0], fma(a[1], b[1], sum)), the second product
/// first, as the instruction of AVX512_BF16 has it. That takes denormal numbers for zero and makes
/// none, other machines keep them; else all have the same bits, for the products are exact.
template <class B>
B bf16_dot(B const& sum, B const& a, B const& b) {
    if constexpr (requires { detail::dot(sum.data, a.data, b.data); }) {
        return detail::dot(sum.data, a.data, b.data);
    } else {
        auto const lower = [](B const& x) {
            return detail::from_bits_of<B>(detail::bits_of(x) << 16);
        };
        auto const upper = [](B const& x) {
            return detail::from_bits_of<B>(detail::bits_of(x) & 0xFFFF0000);
        };
        return simd::fma(lower(a), lower(b), simd::fma(upper(a), upper(b), sum));
    }
}

/// The numbers at p as floats; zeros in lanes that are not in use.
template <class B>
B load_floats(bf16 const* p, Part part) {
    alignas(64) std::array<float, B::size> lanes{};
    std::copy_n(p, part.n, lanes.begin());
    return B::load_aligned(lanes.data());
}
template <class B>
B load_floats(bf16 const* p, Full) {
    if constexpr (requires { detail::widened(p, B().data); }) {
        return detail::widened(p, B().data);
    } else {
        return load_floats<B>(p, Part{width<B>});
    }
}

template <class B>
B load_floats(typename B::value_type const* p, auto lanes) {
    return load<B>(p, lanes);
}

}  // namespace spikelet::simd
