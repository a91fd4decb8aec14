// SPDX-License-Identifier: MIT
// Embedding lookup: y[r] = table[ids[r]];  backward  dtable[ids[r]] += dy[r].
#pragma once

#include <algorithm>
#include <cstdint>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Rows of a table, chosen by number.
template <class Policy>
struct Gather {
    static_assert(CpuPolicy<Policy>,
                  "gather: no kernel for this policy; the policies are Serial and OpenMp");

    /// ids [rows] in [0, V); table [V,C]; y [rows,C].
    template <class T>
    static void forward(Policy, index rows, index C, std::int32_t const* ids, T const* table,
                        T* y) {
        for (index r = 0; r < rows; ++r) { std::copy_n(table + ids[r] * C, C, y + r * C); }
    }

    /// dy [rows,C]; dtable [V,C], may be null. Shared among threads by channels, so that rows of
    /// one id add up in order.
    template <class T>
    static void backward(Policy policy, index rows, index C, std::int32_t const* ids, T const* dy,
                         T* dtable) {
        using B = simd::Batch<T, Policy>;
        if (dtable == nullptr) { return; }
        auto some_channels = [=](index begin, index end) {
            index const first = begin * simd::width<B>;
            index const last = (std::min)(C, end * simd::width<B>);
            for (index r = 0; r < rows; ++r) {
                // Before the loop: a store may have changed ids, for all a compiler knows.
                T const* const from = dy + r * C;
                T* const to = dtable + ids[r] * C;
                simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                    simd::store(to + c,
                                simd::load<B>(to + c, lanes) + simd::load<B>(from + c, lanes),
                                lanes);
                });
            }
        };
        parallel_for(policy, (C + simd::width<B> - 1) / simd::width<B>, some_channels);
    }
};

}  // namespace spikelet::kernels
