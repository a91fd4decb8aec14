// SPDX-License-Identifier: MIT
// Batches of small whole numbers, and of bf16: what weights of few bits need of an instruction set.
// Every function has a portable form; the other forms are instructions that do just the same.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>

#include <spikelet/kernels/bit_lanes.hpp>

namespace spikelet::simd {

/// The same bits as lanes of another type.
template <class To, class B>
To as(B const& x) {
    using Lane = typename To::value_type;
    if constexpr (requires {
                      { xsimd::bitwise_cast<Lane>(x) } -> std::same_as<To>;
                  }) {
        return xsimd::bitwise_cast<Lane>(x);  // since xsimd 9
    } else {
        return xsimd::bitwise_cast<To>(x);
    }
}

namespace detail {

// The names must exist on machines without the instructions.
void interleaved_low_halves();
void interleaved_high_halves();
void interleaved_low();
void interleaved_high();
void pair_sums();
void upper_halves();
void quad_sums();
void neighbour_sums();

#if XSIMD_WITH_SSE2
[[gnu::always_inline]] inline __m128i interleaved_low(__m128i a, __m128i b) {
    return _mm_unpacklo_epi8(a, b);
}
[[gnu::always_inline]] inline __m128i neighbour_sums(__m128i pairs) {
    return _mm_madd_epi16(pairs, _mm_set1_epi16(1));
}
[[gnu::always_inline]] inline __m128i interleaved_high(__m128i a, __m128i b) {
    return _mm_unpackhi_epi8(a, b);
}
[[gnu::always_inline]] inline __m128i interleaved_low_halves(__m128i a, __m128i b) {
    return _mm_unpacklo_epi16(a, b);
}
[[gnu::always_inline]] inline __m128i interleaved_high_halves(__m128i a, __m128i b) {
    return _mm_unpackhi_epi16(a, b);
}
#endif

#if XSIMD_WITH_SSSE3
[[gnu::always_inline]] inline __m128i pair_sums(__m128i a, __m128i b) {
    return _mm_maddubs_epi16(a, b);
}
#endif

#if XSIMD_WITH_AVX2
[[gnu::always_inline]] inline __m256i interleaved_low(__m256i a, __m256i b) {
    return _mm256_unpacklo_epi8(a, b);
}
[[gnu::always_inline]] inline __m256i neighbour_sums(__m256i pairs) {
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
[[gnu::always_inline]] inline __m256i interleaved_high(__m256i a, __m256i b) {
    return _mm256_unpackhi_epi8(a, b);
}
[[gnu::always_inline]] inline __m256i interleaved_low_halves(__m256i a, __m256i b) {
    return _mm256_unpacklo_epi16(a, b);
}
[[gnu::always_inline]] inline __m256i interleaved_high_halves(__m256i a, __m256i b) {
    return _mm256_unpackhi_epi16(a, b);
}
[[gnu::always_inline]] inline __m256i pair_sums(__m256i a, __m256i b) {
    return _mm256_maddubs_epi16(a, b);
}
[[gnu::always_inline]] inline void upper_halves(bf16 const* p, __m256& floats) {
    __m128i const halves = _mm_loadu_si128(reinterpret_cast<__m128i const*>(p));
    floats = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
#endif

#if XSIMD_WITH_AVX512F
[[gnu::always_inline]] inline __m128i eight(std::int16_t const* p) {
    return _mm_loadu_si128(reinterpret_cast<__m128i const*>(p));
}
[[gnu::always_inline]] inline void upper_halves(bf16 const* p, __m512& floats) {
    __m256i const halves = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(p));
    floats = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
#endif

#if XSIMD_WITH_AVX512BW
[[gnu::always_inline]] inline __m512i interleaved_low(__m512i a, __m512i b) {
    return _mm512_unpacklo_epi8(a, b);
}
[[gnu::always_inline]] inline __m512i neighbour_sums(__m512i pairs) {
    return _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}
[[gnu::always_inline]] inline __m512i interleaved_high(__m512i a, __m512i b) {
    return _mm512_unpackhi_epi8(a, b);
}
[[gnu::always_inline]] inline __m512i interleaved_low_halves(__m512i a, __m512i b) {
    return _mm512_unpacklo_epi16(a, b);
}
[[gnu::always_inline]] inline __m512i interleaved_high_halves(__m512i a, __m512i b) {
    return _mm512_unpackhi_epi16(a, b);
}
[[gnu::always_inline]] inline __m512i pair_sums(__m512i a, __m512i b) {
    return _mm512_maddubs_epi16(a, b);
}
#endif

#if defined(__AVX512VNNI__)
[[gnu::always_inline]] inline __m512i quad_sums(__m512i sums, __m512i a, __m512i b) {
    return _mm512_dpbusd_epi32(sums, a, b);
}
#endif

/// The lanes of a and b by turns, of one half of every sixteen bytes.
template <class B>
B interleaved(B const& a, B const& b, bool high) {
    constexpr std::size_t some = 16 / sizeof(typename B::value_type);
    alignas(64) std::array<typename B::value_type, B::size> x, y, both;
    a.store_aligned(x.data());
    b.store_aligned(y.data());
    for (std::size_t i = 0; i < B::size; i += 2) {
        std::size_t const from = i / some * some + (high ? some / 2 : 0) + i % some / 2;
        both[i] = x[from];
        both[i + 1] = y[from];
    }
    return B::load_aligned(both.data());
}

}  // namespace detail

/// Of every sixteen bytes the first eight: those of a and b by turns, lanes of 8 or 16 bits.
template <class B>
B interleave_low(B const& a, B const& b) {
    constexpr bool bytes = sizeof(typename B::value_type) == 1;
    if constexpr (bytes && requires { detail::interleaved_low(a.data, b.data); }) {
        return detail::interleaved_low(a.data, b.data);
    } else if constexpr (requires { detail::interleaved_low_halves(a.data, b.data); }) {
        return detail::interleaved_low_halves(a.data, b.data);
    } else {
        return detail::interleaved(a, b, false);
    }
}

/// Of every sixteen bytes the last eight.
template <class B>
B interleave_high(B const& a, B const& b) {
    constexpr bool bytes = sizeof(typename B::value_type) == 1;
    if constexpr (bytes && requires { detail::interleaved_high(a.data, b.data); }) {
        return detail::interleaved_high(a.data, b.data);
    } else if constexpr (requires { detail::interleaved_high_halves(a.data, b.data); }) {
        return detail::interleaved_high_halves(a.data, b.data);
    } else {
        return detail::interleaved(a, b, true);
    }
}

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

/// Whether the processor that this file is compiled for multiplies four bytes at once. xsimd's
/// instruction sets do not tell, so kernels have it in their type: see core/policy.hpp.
#if defined(__AVX512VNNI__)
inline constexpr bool has_quad_products = true;
#else
inline constexpr bool has_quad_products = false;
#endif

/// sums + a[4i] b[4i] + .. + a[4i+3] b[4i+3] in lanes of 32 bits, of the bytes of a, which are not
/// negative, and of b, which have signs; the sums of two products must fit in 16 bits.
template <bool quads, class Arch>
xsimd::batch<std::int32_t, Arch> quad_products(xsimd::batch<std::int32_t, Arch> const& sums,
                                               xsimd::batch<std::uint8_t, Arch> const& a,
                                               xsimd::batch<std::uint8_t, Arch> const& b) {
    if constexpr (quads && requires { detail::quad_sums(sums.data, a.data, b.data); }) {
        return detail::quad_sums(sums.data, a.data, b.data);
    } else {
        auto const pairs = pair_products(a, b);
        if constexpr (requires { detail::neighbour_sums(pairs.data); }) {
            return sums + detail::neighbour_sums(pairs.data);
        } else {
            using Quads = xsimd::batch<std::int32_t, Arch>;
            auto const wide = as<Quads>(pairs);
            return sums + ((wide << 16) >> 16) + (wide >> 16);
        }
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
    if constexpr (requires(B x) { detail::upper_halves(p, x.data); }) {
        B x;
        detail::upper_halves(p, x.data);
        return x;
    } else {
        return load_floats<B>(p, Part{width<B>});
    }
}

template <class B>
B load_floats(float const* p, auto lanes) {
    return load<B>(p, lanes);
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
