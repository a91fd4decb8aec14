// SPDX-License-Identifier: MIT
// The only file that knows xsimd's version: batches, tails, masks and reductions for kernels.
// Tails run through the same batch code as full vectors (loads pad with zeros), so the value of an
// element never depends on where it stands in its row.
#pragma once

#include <algorithm>
#include <array>
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

namespace spikelet::simd {

/// One vector register of T on the policy's instruction set.
template <class T, class Policy>
using Batch = xsimd::batch<T, typename Policy::arch>;

/// Lanes of a batch.
template <class B>
inline constexpr index width = static_cast<index>(B::size);

/// Vector registers of the instruction set, for choosing register tiles.
template <class B>
inline constexpr int registers = sizeof(B) == 64 ? 32 : 16;

/// All lanes of a batch are in use.
struct Full {};

/// Only the first n lanes are in use.
struct Part {
    index n;
};

template <class B, class T>
B load(T const* p, Full) {
    return B::load_unaligned(p);
}

template <class B, class T>
B load(T const* p, Part part) {
    alignas(64) std::array<typename B::value_type, B::size> lanes{};
    for (index i = 0; i < part.n; ++i) {
        lanes[static_cast<std::size_t>(i)] = p[i];
    }
    return B::load_aligned(lanes.data());
}

/// Like load, but lanes past the end hold `fill`.
template <class B, class T>
B load(T const* p, Full, T) {
    return B::load_unaligned(p);
}

template <class B, class T>
B load(T const* p, Part part, T fill) {
    alignas(64) std::array<typename B::value_type, B::size> lanes;
    lanes.fill(fill);
    for (index i = 0; i < part.n; ++i) {
        lanes[static_cast<std::size_t>(i)] = p[i];
    }
    return B::load_aligned(lanes.data());
}

template <class B, class T>
void store(T* p, B const& x, Full) {
    x.store_unaligned(p);
}

template <class B, class T>
void store(T* p, B const& x, Part part) {
    alignas(64) std::array<typename B::value_type, B::size> lanes;
    x.store_aligned(lanes.data());
    for (index i = 0; i < part.n; ++i) {
        p[i] = lanes[static_cast<std::size_t>(i)];
    }
}

/// p += x.
template <class B, class T>
void accumulate(T* p, B const& x, auto lanes) {
    store(p, load<B>(p, lanes) + x, lanes);
}

/// How many lanes are in use.
template <class B>
constexpr index lane_count(Full) {
    return width<B>;
}
template <class B>
constexpr index lane_count(Part part) {
    return part.n;
}

/// Asks for the cache line at p, to be written soon.
inline void prefetch(void const* p) { __builtin_prefetch(p, 1); }

namespace detail {

template <class F, std::size_t... I>
[[gnu::always_inline]] inline void unrolled(F&& f, std::index_sequence<I...>) {
    (f(std::integral_constant<std::size_t, I>{}), ...);
}

}  // namespace detail

/// Calls f(0), f(1), ... f(N - 1); every number is a type, and no loop is left: arrays of batches
/// that are indexed by them stay in registers where f is inlined ([[gnu::flatten]] sees to that).
template <index N, class F>
[[gnu::always_inline]] inline void unrolled(F&& f) {
    detail::unrolled(f, std::make_index_sequence<static_cast<std::size_t>(N)>{});
}

/// Calls f(i, Full) for every whole batch of [begin, end) and f(i, Part) for what is left.
template <class B, class F>
void for_each_batch(index begin, index end, F&& f) {
    index i = begin;
    for (; i + width<B> <= end; i += width<B>) {
        f(i, Full{});
    }
    if (i < end) {
        f(i, Part{end - i});
    }
}

/// Shares elements [0, n) among the policy's threads, in pieces of whole batches, and calls
/// f(i, lanes) for each batch. For kernels in which every element stands alone.
template <class B, class Policy, class F>
void parallel_batches(Policy policy, index n, F&& f) {
    index const batches = (n + width<B> - 1) / width<B>;
    index const worth_a_thread = 16384 / width<B>;
    parallel_for(
        policy, batches,
        [&](index begin, index end) {
            for_each_batch<B>(begin * width<B>, std::min(n, end * width<B>), f);
        },
        worth_a_thread);
}

template <class B>
B max(B const& a, B const& b) {
    return xsimd::max(a, b);
}

template <class B>
B exp(B const& x) {
    return xsimd::exp(x);
}

template <class B>
B abs(B const& x) {
    return xsimd::abs(x);
}

template <class B>
B sqrt(B const& x) {
    return xsimd::sqrt(x);
}

/// Lane by lane: a where the mask holds, else b.
template <class Mask, class B>
B select(Mask const& mask, B const& a, B const& b) {
    return xsimd::select(mask, a, b);
}

/// a * b + c, rounded once where the hardware can.
template <class B>
B fma(B const& a, B const& b, B const& c) {
    return xsimd::fma(a, b, c);
}

namespace detail {

void fused();  // so that the name exists on machines without the instruction

#if XSIMD_WITH_AVX512F
inline __m512 fused(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
inline __m512d fused(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
#endif

}  // namespace detail

/// a * b + c, rounded once by every compiler where the hardware can: xsimd 8.1 has no fma for
/// AVX-512 and leaves it to the compiler to fuse a product and a sum, which clang does not do.
template <class B>
B multiply_add(B const& a, B const& b, B const& c) {
    if constexpr (requires { detail::fused(a.data, b.data, c.data); }) {
        return detail::fused(a.data, b.data, c.data);
    } else {
        return fma(a, b, c);
    }
}

/// c - a * b, rounded once where the hardware can.
template <class B>
B fnma(B const& a, B const& b, B const& c) {
    return xsimd::fnma(a, b, c);
}

/// 1 / (1 + e^-x), without overflow.
template <class B>
B sigmoid(B const& x) {
    B const e = exp(-abs(x));
    B const one(1);
    return select(x >= B(0), one, e) / (one + e);
}

/// Sum of the lanes in a fixed order: halves are folded until one is left.
template <class B>
typename B::value_type sum(B const& x) {
    alignas(64) std::array<typename B::value_type, B::size> lanes;
    x.store_aligned(lanes.data());
    for (std::size_t half = B::size / 2; half > 0; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) {
            lanes[i] += lanes[i + half];
        }
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
inline word sign_bits(__m128 lanes) {
    return static_cast<word>(static_cast<unsigned>(_mm_movemask_ps(lanes)));
}
inline word sign_bits(__m128d lanes) {
    return static_cast<word>(static_cast<unsigned>(_mm_movemask_pd(lanes)));
}
#endif

#if XSIMD_WITH_AVX
inline word sign_bits(__m256 lanes) {
    return static_cast<word>(static_cast<unsigned>(_mm256_movemask_ps(lanes)));
}
inline word sign_bits(__m256d lanes) {
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

/// Without the bits of lanes that are not in use.
inline word in_use(word bits, Full) { return bits; }
inline word in_use(word bits, Part part) { return bits & ((word{1} << part.n) - 1); }

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
            for (std::size_t i = 0; i < B::size; ++i) {
                lanes[i] = Integer{1} << i;
            }
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
    word const mask = width<B> == 64 ? ~word{0} : (word{1} << width<B>) - 1;
    return (row[i / bits_per_word] >> (i % bits_per_word)) & mask;
}

}  // namespace spikelet::simd
