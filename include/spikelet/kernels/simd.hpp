// SPDX-License-Identifier: MIT
// Batches over arrays: loads, stores, loops, shares of threads. Tails run through the same batch
// code as full vectors (loads pad with zeros), so the value of an element never depends on where it
// stands in its row.
#pragma once

#include <cstdint>
#include <utility>

#include <spikelet/core/accumulator.hpp>
#include <spikelet/kernels/exponential.hpp>
#include <spikelet/kernels/part.hpp>

/// Batches of numbers in vector registers, and loops over arrays that use them.
namespace spikelet::simd {

/// All lanes of a batch are in use.
struct Full {};

/// Only the first n lanes are in use.
struct Part {
    index n;  ///< lanes in use
};

/// The numbers at p; zeros in lanes that are not in use.
template <class B, class T>
B load(T const* p, Full) {
    return B::load_unaligned(p);
}

template <class B, class T>
B load(T const* p, Part part) {
    if constexpr (requires(B x) { detail::load_part(x.data, p, part.n); }) {
        return detail::load_part(B{}.data, p, part.n);
    } else {
        alignas(64) std::array<typename B::value_type, B::size> lanes{};
        for (index i = 0; i < part.n; ++i) { lanes[static_cast<std::size_t>(i)] = p[i]; }
        return B::load_aligned(lanes.data());
    }
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
    for (index i = 0; i < part.n; ++i) { lanes[static_cast<std::size_t>(i)] = p[i]; }
    return B::load_aligned(lanes.data());
}

/// Writes the lanes in use to p.
template <class B, class T>
void store(T* p, B const& x, Full) {
    x.store_unaligned(p);
}

template <class B, class T>
void store(T* p, B const& x, Part part) {
    if constexpr (requires { detail::store_part(p, x.data, part.n); }) {
        detail::store_part(p, x.data, part.n);
    } else {
        alignas(64) std::array<typename B::value_type, B::size> lanes;
        x.store_aligned(lanes.data());
        for (index i = 0; i < part.n; ++i) { p[i] = lanes[static_cast<std::size_t>(i)]; }
    }
}

// What backward kernels do with a gradient d: null where nobody wants it.

/// What d holds at i, zeros while it is fresh. d is not null.
template <class B, class T>
B found(Accumulator<T> d, index i, auto lanes) {
    return d.fresh ? B(0) : load<B>(d.data + i, lanes);
}

/// d[i, ...] += x, unless d is null.
template <class B, class T>
void accumulate(Accumulator<T> d, index i, B const& x, auto lanes) {
    if (d.data != nullptr) { store(d.data + i, found<B>(d, i, lanes) + x, lanes); }
}
template <class B, class T>
void accumulate(T* d, index i, B const& x, auto lanes) {
    accumulate(Accumulator<T>(d), i, x, lanes);
}

/// d[i, ...] += a b, rounded once where the hardware can, unless d is null.
template <class B, class T>
void accumulate(Accumulator<T> d, index i, B const& a, B const& b, auto lanes) {
    if (d.data != nullptr) { store(d.data + i, simd::fma(a, b, found<B>(d, i, lanes)), lanes); }
}
template <class B, class T>
void accumulate(T* d, index i, B const& a, B const& b, auto lanes) {
    accumulate(Accumulator<T>(d), i, a, b, lanes);
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

/// Without the bits of lanes that are not in use.
[[gnu::always_inline]] inline word in_use(word bits, Full) { return bits; }
[[gnu::always_inline]] inline word in_use(word bits, Part part) {
    return bits & ((word{1} << part.n) - 1);
}

namespace detail {

/// The address `bytes` behind p, be it behind the end of an array.
[[gnu::always_inline]] inline void const* behind(void const* p, index bytes) {
    auto const address = reinterpret_cast<std::uintptr_t>(p) + static_cast<std::uintptr_t>(bytes);
    return reinterpret_cast<void const*>(address);
}

}  // namespace detail

/// Asks for the cache line `bytes` behind p, be it behind the end of an array, to be written soon.
[[gnu::always_inline]] inline void prefetch(void const* p, index bytes = 0) {
    __builtin_prefetch(detail::behind(p, bytes), 1);
}

/// The same, to be read a while later: into the L2 cache, since what waits for the L1 takes the
/// places of loads that are needed now. Call it in a plain loop: g++ 12 takes a lambda that does
/// nothing else for one without effect, and drops it.
[[gnu::always_inline]] inline void prefetch_for_reading(void const* p, index bytes = 0) {
    __builtin_prefetch(detail::behind(p, bytes), 0, 2);
}

/// Calls f(i, Full) for every whole batch of [begin, end) and f(i, Part) for what is left.
template <class B, class F>
[[gnu::always_inline]] inline void for_each_batch(index begin, index end, F&& f) {
    index i = begin;
    for (; i + width<B> <= end; i += width<B>) { f(i, Full{}); }
    if (i < end) { f(i, Part{end - i}); }
}

/// K sums over n numbers: calls add(sums, i, lanes) for every batch, in turns on four running sums
/// that are added up at the end, so that no addition waits for the one before it.
template <class B, std::size_t K, class Add>
[[gnu::always_inline]] inline std::array<B, K> sums_over(index n, Add&& add) {
    constexpr index turns = 4;
    std::array<std::array<B, K>, turns> running;
    for (auto& sums : running) { sums.fill(B(0)); }
    index i = 0;
    for (; i + turns * width<B> <= n; i += turns * width<B>) {
        unrolled<turns>(
            [&](auto t) { add(running[t], i + static_cast<index>(t) * width<B>, Full{}); });
    }
    for_each_batch<B>(i, n, [&](index rest, auto lanes) { add(running[0], rest, lanes); });
    for (std::size_t k = 0; k < K; ++k) {
        running[0][k] = (running[0][k] + running[1][k]) + (running[2][k] + running[3][k]);
    }
    return running[0];
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
            for_each_batch<B>(begin * width<B>, (std::min)(n, end * width<B>), f);
        },
        worth_a_thread);
}

}  // namespace spikelet::simd
