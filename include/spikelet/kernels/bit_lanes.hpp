// SPDX-License-Identifier: MIT
// Batches of bits, and bytes at the edge of an array: what packed weights need of an instruction
// set. Every function has a portable form; the other forms are instructions that do just the same.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::simd {

namespace detail {

// The names must exist on machines without the instructions.
void majority_bits();
void parity_bits();
void exchanged();
void first_bytes();
void bits_as_bytes();

#if XSIMD_WITH_SSE2
[[gnu::always_inline]] inline __m128i exchanged(__m128i x) { return _mm_shuffle_epi32(x, 0x4E); }
#endif

#if XSIMD_WITH_AVX2
[[gnu::always_inline]] inline __m256i exchanged(__m256i x) { return _mm256_shuffle_epi32(x, 0x4E); }
// A copy of eight bits in each byte, which keeps one of them.
[[gnu::always_inline]] inline __m256i bits_as_bytes(word bits, __m256i) {
    __m256i const eights = _mm256_shuffle_epi8(
        _mm256_set1_epi32(static_cast<int>(bits & 0xFFFFFFFF)),
        _mm256_set_epi64x(0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0));
    __m256i const one = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201));
    return _mm256_cmpeq_epi8(_mm256_and_si256(eights, one), one);
}
#endif

#if XSIMD_WITH_AVX512F
[[gnu::always_inline]] inline __m512i parity_bits(__m512i a, __m512i b, __m512i c) {
    return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}
[[gnu::always_inline]] inline __m512i majority_bits(__m512i a, __m512i b, __m512i c) {
    return _mm512_ternarylogic_epi64(a, b, c, 0xE8);
}
[[gnu::always_inline]] inline __m512i exchanged(__m512i x) {
    return _mm512_shuffle_epi32(x, static_cast<_MM_PERM_ENUM>(0x4E));
}
#endif

#if XSIMD_WITH_AVX512BW
[[gnu::always_inline]] inline void first_bytes(void const* p, word lanes, __m512i& to) {
    to = _mm512_maskz_loadu_epi8(lanes, p);
}
// Not xsimd::select: that of xsimd 8.1 does not compile without optimization.
[[gnu::always_inline]] inline __m512i bits_as_bytes(word bits, __m512i) {
    return _mm512_movm_epi8(bits);
}
#endif

}  // namespace detail

/// Bit by bit: whether at least two of three are set.
template <class B>
B majority(B const& a, B const& b, B const& c) {
    if constexpr (requires { detail::majority_bits(a.data, b.data, c.data); }) {
        return detail::majority_bits(a.data, b.data, c.data);
    } else {
        return (a & b) | ((a ^ b) & c);
    }
}

/// Bit by bit: whether an odd number of three are set.
template <class B>
B parity(B const& a, B const& b, B const& c) {
    if constexpr (requires { detail::parity_bits(a.data, b.data, c.data); }) {
        return detail::parity_bits(a.data, b.data, c.data);
    } else {
        return a ^ b ^ c;
    }
}

/// Words in pairs: each takes the place of its neighbour.
template <class B>
B exchange_pairs(B const& words) {
    if constexpr (requires { detail::exchanged(words.data); }) {
        return detail::exchanged(words.data);
    } else {
        alignas(64) std::array<word, B::size> lanes;
        words.store_aligned(lanes.data());
        for (std::size_t i = 0; i < lanes.size(); i += 2) { std::swap(lanes[i], lanes[i + 1]); }
        return B::load_aligned(lanes.data());
    }
}

/// The first `bytes` bytes at p; zeros in the others, which are not read.
template <class B>
B load_first(void const* p, index bytes) {
    if constexpr (requires(B x) { detail::first_bytes(p, word{}, x.data); }) {
        B lanes;
        detail::first_bytes(p, bytes >= 64 ? ~word{0} : (word{1} << bytes) - 1, lanes.data);
        return lanes;
    } else {
        alignas(64) std::array<typename B::value_type, B::size> lanes{};
        if (bytes > 0) { std::memcpy(lanes.data(), p, static_cast<std::size_t>(bytes)); }
        return B::load_aligned(lanes.data());
    }
}

/// `value` in the bytes whose bit is set, else 0.
template <class B>
B bytes_where(word bits, std::uint8_t value) {
    if constexpr (requires(B x) { detail::bits_as_bytes(bits, x.data); }) {
        return B(detail::bits_as_bytes(bits, B().data)) & B(value);
    } else {
        alignas(64) std::array<word, sizeof(B) / sizeof(word)> eights;
        for (word& eight : eights) {
            // A copy of eight bits in each byte; byte i keeps bit i, then sets its highest.
            word const kept = (bits & 255) * 0x0101010101010101 & 0x8040201008040201;
            word const high = (kept + 0x7F7F7F7F7F7F7F7F) | kept;
            eight = (high >> 7 & 0x0101010101010101) * value;
            bits >>= 8;
        }
        return B::load_aligned(reinterpret_cast<std::uint8_t const*>(eights.data()));
    }
}

}  // namespace spikelet::simd
