// SPDX-License-Identifier: MIT
// Products of bytes that are added up in 16 bits, two neighbours at a time: fewer instructions than
// those of integer_batch.hpp for bytes that are known to be small. Every function has a portable
// form; the other forms are instructions that do just the same.
#pragma once

#include <cstdint>

#include <spikelet/kernels/integer_batch.hpp>

namespace spikelet::simd {

namespace detail {

// The names must exist on machines without the instructions.
void pair_sums();
void neighbour_sums();

#if XSIMD_WITH_SSE2
[[gnu::always_inline]] inline __m128i neighbour_sums(__m128i pairs) {
    return _mm_madd_epi16(pairs, _mm_set1_epi16(1));
}
#endif

#if XSIMD_WITH_SSSE3
[[gnu::always_inline]] inline __m128i pair_sums(__m128i a, __m128i b) {
    return _mm_maddubs_epi16(a, b);
}
#endif

#if XSIMD_WITH_AVX2
[[gnu::always_inline]] inline __m256i neighbour_sums(__m256i pairs) {
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
[[gnu::always_inline]] inline __m256i pair_sums(__m256i a, __m256i b) {
    return _mm256_maddubs_epi16(a, b);
}
#endif

#if XSIMD_WITH_AVX512F
[[gnu::always_inline]] inline __m128i eight(std::int16_t const* p) {
    return _mm_loadu_si128(reinterpret_cast<__m128i const*>(p));
}
#endif

#if XSIMD_WITH_AVX512BW
[[gnu::always_inline]] inline __m512i neighbour_sums(__m512i pairs) {
    return _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}
[[gnu::always_inline]] inline __m512i pair_sums(__m512i a, __m512i b) {
    return _mm512_maddubs_epi16(a, b);
}
#endif

}  // namespace detail

/// Machines with an instruction for pair_products().
template <class Policy>
concept MultipliesPairs = requires(Bytes<Policy> b) {
    detail::pair_sums(b.data, b.data);
};

/// Machines with instructions for dot_quads().
template <class Policy>
concept MultipliesQuads = requires(Bytes<Policy> b, Integers<Policy> s) {
    detail::dot_quads(s.data, b.data, s.data);
};

/// Of the bytes of a, which are not negative, and of b, which have signs: a[2i] b[2i] +
/// a[2i+1] b[2i+1] in lanes of 16 bits, which must hold the sums.
template <class Arch>
xsimd::batch<std::int16_t, Arch> pair_products(xsimd::batch<std::uint8_t, Arch> const& a,
                                               xsimd::batch<std::uint8_t, Arch> const& b) {
    if constexpr (requires { detail::pair_sums(a.data, b.data); }) {
        return detail::pair_sums(a.data, b.data);
    } else {
        using Pairs = xsimd::batch<std::int16_t, Arch>;
        auto const x = as<Pairs>(a);
        auto const y = as<Pairs>(b);
        return (x & Pairs(255)) * ((y << 8) >> 8) + ((x >> 8) & Pairs(255)) * (y >> 8);
    }
}

/// sum + pairs[2i] + pairs[2i+1] in lanes of 32 bits.
template <class Arch>
xsimd::batch<std::int32_t, Arch> add_neighbours(xsimd::batch<std::int32_t, Arch> const& sum,
                                                xsimd::batch<std::int16_t, Arch> const& pairs) {
    using Sums = xsimd::batch<std::int32_t, Arch>;
    if constexpr (requires { detail::neighbour_sums(pairs.data); }) {
        return sum + Sums(detail::neighbour_sums(pairs.data));
    } else {
        auto const wide = as<Sums>(pairs);
        return sum + ((wide << 16) >> 16) + (wide >> 16);
    }
}

/// dot_quads() where the sums of two products fit in 16 bits: fewer instructions where there is no
/// single one.
template <bool AtOnce, class Arch>
xsimd::batch<std::int32_t, Arch> quad_products(xsimd::batch<std::int32_t, Arch> const& sum,
                                               xsimd::batch<std::uint8_t, Arch> const& u,
                                               xsimd::batch<std::int32_t, Arch> const& s) {
    if constexpr (AtOnce) {
        return dot_quads<true>(sum, u, s);
    } else {
        return add_neighbours(sum, pair_products(u, as<xsimd::batch<std::uint8_t, Arch>>(s)));
    }
}

/// Sixteen numbers of 16 bits, eight from each place, less `offset`, as numbers of 32 bits.
[[gnu::always_inline]] inline void widen(std::int16_t const* one, std::int16_t const* other,
                                         std::int32_t offset, std::int32_t* to) {
#if XSIMD_WITH_AVX512F
    __m256i const low = _mm256_castsi128_si256(detail::eight(one));
    __m512i const wide =
        _mm512_cvtepi16_epi32(_mm256_inserti128_si256(low, detail::eight(other), 1));
    _mm512_storeu_si512(to, _mm512_sub_epi32(wide, _mm512_set1_epi32(offset)));
#else
    for (int i = 0; i < 8; ++i) { to[i] = one[i] - offset; }
    for (int i = 0; i < 8; ++i) { to[8 + i] = other[i] - offset; }
#endif
}

}  // namespace spikelet::simd
