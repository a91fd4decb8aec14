// SPDX-License-Identifier: MIT
// Batches of bytes and of 32-bit integers: products of weights in few bits with activations of
// eight. All is exact.
//
// The instructions that multiply bytes add up four neighbours. So that these are four inputs of one
// column, four rows of weights are interleaved on the way, by instructions that stay within 128
// bits: the columns of a register come out in another order, the same for every row, which
// in_column_order() puts right when a sum is complete.
#pragma once

#include <cstring>

#include <spikelet/kernels/bit_lanes.hpp>

namespace spikelet::simd {

/// One register of bytes.
template <class Policy>
using Bytes = Batch<std::uint8_t, Policy>;

/// One register of 32-bit integers.
template <class Policy>
using Integers = Batch<std::int32_t, Policy>;

/// Whether one instruction is a dot product of bytes. xsimd's list of machines does not tell, so
/// kernels take this as a parameter, by which those with and without it stay apart.
template <class Policy>
inline constexpr bool has_dot_quads =
#if defined(__AVX512VNNI__)
    sizeof(Bytes<Policy>) == 64;
#else
    false;
#endif

namespace detail {

// The names exist on machines without the instructions; what a machine lacks is spelled out below
// for any. Always inlined: see detail::fused().
void unpack_bytes();
void unpack_pairs();
void unpack_quads();
void dot_quads();
void dot_quads_at_once();
void column_order();
void bytes_of_trits();

#if XSIMD_WITH_SSE2
template <class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack_bytes(B const& a, B const& b, __m128i) {
    return {B(_mm_unpacklo_epi8(a.data, b.data)), B(_mm_unpackhi_epi8(a.data, b.data))};
}
template <class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack_pairs(B const& a, B const& b, __m128i) {
    return {B(_mm_unpacklo_epi16(a.data, b.data)), B(_mm_unpackhi_epi16(a.data, b.data))};
}
template <class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack_quads(B const& a, B const& b, __m128i) {
    return {B(_mm_unpacklo_epi32(a.data, b.data)), B(_mm_unpackhi_epi32(a.data, b.data))};
}
[[gnu::always_inline]] inline __m128i dot_quads(__m128i sum, __m128i u, __m128i s) {
    __m128i const even = _mm_madd_epi16(_mm_and_si128(u, _mm_set1_epi16(255)),
                                        _mm_srai_epi16(_mm_slli_epi16(s, 8), 8));
    __m128i const odd = _mm_madd_epi16(_mm_srli_epi16(u, 8), _mm_srai_epi16(s, 8));
    return _mm_add_epi32(sum, _mm_add_epi32(even, odd));
}
#endif

#if XSIMD_WITH_AVX2
template <class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack_bytes(B const& a, B const& b, __m256i) {
    return {B(_mm256_unpacklo_epi8(a.data, b.data)), B(_mm256_unpackhi_epi8(a.data, b.data))};
}
template <class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack_pairs(B const& a, B const& b, __m256i) {
    return {B(_mm256_unpacklo_epi16(a.data, b.data)), B(_mm256_unpackhi_epi16(a.data, b.data))};
}
template <class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack_quads(B const& a, B const& b, __m256i) {
    return {B(_mm256_unpacklo_epi32(a.data, b.data)), B(_mm256_unpackhi_epi32(a.data, b.data))};
}
[[gnu::always_inline]] inline __m256i dot_quads(__m256i sum, __m256i u, __m256i s) {
    __m256i const even = _mm256_madd_epi16(_mm256_and_si256(u, _mm256_set1_epi16(255)),
                                           _mm256_srai_epi16(_mm256_slli_epi16(s, 8), 8));
    __m256i const odd = _mm256_madd_epi16(_mm256_srli_epi16(u, 8), _mm256_srai_epi16(s, 8));
    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}
template <class Ints>
[[gnu::always_inline]] inline std::array<Ints, 4> column_order(std::array<Ints, 4> const& x,
                                                               __m256i) {
    auto const [a, b, c, d] = x;
    return {Ints(_mm256_permute2x128_si256(a.data, b.data, 0x20)),
            Ints(_mm256_permute2x128_si256(c.data, d.data, 0x20)),
            Ints(_mm256_permute2x128_si256(a.data, b.data, 0x31)),
            Ints(_mm256_permute2x128_si256(c.data, d.data, 0x31))};
}
#endif

#if XSIMD_WITH_AVX512BW
template <class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack_bytes(B const& a, B const& b, __m512i) {
    return {B(_mm512_unpacklo_epi8(a.data, b.data)), B(_mm512_unpackhi_epi8(a.data, b.data))};
}
template <class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack_pairs(B const& a, B const& b, __m512i) {
    return {B(_mm512_unpacklo_epi16(a.data, b.data)), B(_mm512_unpackhi_epi16(a.data, b.data))};
}
template <class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack_quads(B const& a, B const& b, __m512i) {
    return {B(_mm512_unpacklo_epi32(a.data, b.data)), B(_mm512_unpackhi_epi32(a.data, b.data))};
}
[[gnu::always_inline]] inline __m512i dot_quads(__m512i sum, __m512i u, __m512i s) {
    __m512i const even = _mm512_madd_epi16(_mm512_and_si512(u, _mm512_set1_epi16(255)),
                                           _mm512_srai_epi16(_mm512_slli_epi16(s, 8), 8));
    __m512i const odd = _mm512_madd_epi16(_mm512_srli_epi16(u, 8), _mm512_srai_epi16(s, 8));
    return _mm512_add_epi32(sum, _mm512_add_epi32(even, odd));
}
template <class Ints>
[[gnu::always_inline]] inline std::array<Ints, 4> column_order(std::array<Ints, 4> const& x,
                                                               __m512i) {
    auto const [a, b, c, d] = x;
    __m512i const ab_low = _mm512_shuffle_i32x4(a.data, b.data, 0x44);
    __m512i const ab_high = _mm512_shuffle_i32x4(a.data, b.data, 0xEE);
    __m512i const cd_low = _mm512_shuffle_i32x4(c.data, d.data, 0x44);
    __m512i const cd_high = _mm512_shuffle_i32x4(c.data, d.data, 0xEE);
    return {Ints(_mm512_shuffle_i32x4(ab_low, cd_low, 0x88)),
            Ints(_mm512_shuffle_i32x4(ab_low, cd_low, 0xDD)),
            Ints(_mm512_shuffle_i32x4(ab_high, cd_high, 0x88)),
            Ints(_mm512_shuffle_i32x4(ab_high, cd_high, 0xDD))};
}
[[gnu::always_inline]] inline __m512i bytes_of_trits(word plus, word minus, __m512i) {
    __m512i const one = _mm512_set1_epi8(1);
    __m512i const positive = _mm512_mask_add_epi8(one, plus, one, one);
    return _mm512_mask_sub_epi8(positive, minus, positive, one);
}
#endif

#if defined(__AVX512VNNI__)
[[gnu::always_inline]] inline __m512i dot_quads_at_once(__m512i sum, __m512i u, __m512i s) {
    return _mm512_dpbusd_epi32(sum, u, s);
}
#endif

/// `Count` lanes of each register in turns, within 128 bits: the lower lanes, the upper lanes.
template <std::size_t Count, class B>
[[gnu::always_inline]] inline std::array<B, 2> unpack(B const& a, B const& b) {
    using T = typename B::value_type;
    constexpr std::size_t size = Count * sizeof(T);
    if constexpr (size == 1 && requires { unpack_bytes(a, b, a.data); }) {
        return unpack_bytes(a, b, a.data);
    } else if constexpr (size == 2 && requires { unpack_pairs(a, b, a.data); }) {
        return unpack_pairs(a, b, a.data);
    } else if constexpr (size == 4 && requires { unpack_quads(a, b, a.data); }) {
        return unpack_quads(a, b, a.data);
    } else {
        constexpr std::size_t part = 16 / sizeof(T);
        T from[2][B::size];
        T to[2][B::size];
        a.store_unaligned(from[0]);
        b.store_unaligned(from[1]);
        for (std::size_t i = 0; i < B::size; i += Count) {
            std::size_t const at = i / part * part + i % part * 2 % part;
            std::size_t const half = i % part * 2 / part;
            std::copy_n(from[0] + i, Count, to[half] + at);
            std::copy_n(from[1] + i, Count, to[half] + at + Count);
        }
        return {B::load_unaligned(to[0]), B::load_unaligned(to[1])};
    }
}

}  // namespace detail

/// The bytes of four rows, those of a column together. Of each 16 columns in turn, result q holds
/// those from 4 q on.
template <class B>
[[gnu::always_inline]] inline std::array<B, 4> quads(std::array<B, 4> const& rows) {
    auto const [low, high] = detail::unpack<1>(rows[0], rows[1]);
    auto const [other_low, other_high] = detail::unpack<1>(rows[2], rows[3]);
    auto const [first, second] = detail::unpack<2>(low, other_low);
    auto const [third, fourth] = detail::unpack<2>(high, other_high);
    return {first, second, third, fourth};
}

/// One integer for every byte of a register, as quads() leaves them, in ascending columns.
template <class Ints>
[[gnu::always_inline]] inline std::array<Ints, 4> in_column_order(std::array<Ints, 4> const& x) {
    if constexpr (requires { detail::column_order(x, x[0].data); }) {
        return detail::column_order(x, x[0].data);
    } else {
        constexpr std::size_t part = 4;
        std::int32_t from[4][Ints::size];
        std::int32_t to[4 * Ints::size];
        for (std::size_t q = 0; q < 4; ++q) { x[q].store_unaligned(from[q]); }
        for (std::size_t i = 0; i < 4 * Ints::size; i += part) {
            std::copy_n(from[i / part % 4] + i / (4 * part) * part, part, to + i);
        }
        return {Ints::load_unaligned(to), Ints::load_unaligned(to + Ints::size),
                Ints::load_unaligned(to + 2 * Ints::size),
                Ints::load_unaligned(to + 3 * Ints::size)};
    }
}

/// sum + u[0] s[0] + u[1] s[1] + u[2] s[2] + u[3] s[3] in every lane of 32 bits, for unsigned bytes
/// u and signed bytes s; modulo 2^32. AtOnce: by one instruction, see has_dot_quads.
template <bool AtOnce, class Ints, class B>
[[gnu::always_inline]] inline Ints dot_quads(Ints const& sum, B const& u, Ints const& s) {
    if constexpr (AtOnce) {
        return detail::dot_quads_at_once(sum.data, u.data, s.data);
    } else if constexpr (requires { detail::dot_quads(sum.data, u.data, s.data); }) {
        return detail::dot_quads(sum.data, u.data, s.data);
    } else {
        std::uint8_t unsigned_bytes[B::size];
        std::int8_t signed_bytes[B::size];
        std::int32_t words[Ints::size];
        u.store_unaligned(unsigned_bytes);
        s.store_unaligned(words);
        std::memcpy(signed_bytes, words, sizeof words);
        for (std::size_t i = 0; i < Ints::size; ++i) {
            words[i] = 0;
            for (std::size_t b = 4 * i; b < 4 * i + 4; ++b) {
                words[i] += unsigned_bytes[b] * signed_bytes[b];
            }
        }
        return sum + Ints::load_unaligned(words);
    }
}

/// Lanes of a and b in turns, within 128 bits: the lower lanes, the upper lanes.
template <class Ints>
[[gnu::always_inline]] inline std::array<Ints, 2> interleave(Ints const& a, Ints const& b) {
    return detail::unpack<1>(a, b);
}

/// Integers as floats, rounded to nearest where they have too many digits.
template <class Arch>
xsimd::batch<float, Arch> to_numbers(xsimd::batch<std::int32_t, Arch> const& x) {
    return xsimd::to_float(x);
}

/// Trits plus 1, a byte each, from the lowest bits of their two words.
template <class B>
[[gnu::always_inline]] inline B bytes_of_trits(word plus, word minus) {
    if constexpr (requires { detail::bytes_of_trits(plus, minus, B().data); }) {
        return detail::bytes_of_trits(plus, minus, B().data);
    } else {
        return B(1) + bytes_where<B>(plus, 1) - bytes_where<B>(minus, 1);
    }
}

}  // namespace spikelet::simd
