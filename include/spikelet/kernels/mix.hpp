// SPDX-License-Identifier: MIT
// Token shift (RWKV, arXiv 2305.13048, section "Time-Mixing"): y = x m + past (1 - m), with one m
// per channel, past[t] = x[t-1].
// Backward:  dx += m dy,  dpast += (1 - m) dy,  dm += sum over rows of (x - past) dy.
#pragma once

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Now and then, mixed channel by channel.
template <class Policy>
struct Mix {
    static_assert(CpuPolicy<Policy>,
                  "mix: no kernel for this policy; the policies are Serial and OpenMp");

    /// x, past, y [rows, C]; m [C].
    template <class T>
    static void forward(Policy policy, index rows, index C, T const* x, T const* past, T const* m,
                        T* y) {
        using B = simd::Batch<T, Policy>;
        B const one(1);
        auto some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
                    B const mix = simd::load<B>(m + c, lanes);
                    B const old = simd::load<B>(past + r * C + c, lanes) * (one - mix);
                    B const now = simd::load<B>(x + r * C + c, lanes);
                    simd::store(y + r * C + c, simd::fma(now, mix, old), lanes);
                });
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(16384, C));
    }

    /// x, past, dy, dx, dpast [rows,C]; m, dm [C]. Adds; dx, dpast and dm may be null.
    template <class T>
    static void backward(Policy policy, index rows, index C, T const* x, T const* past, T const* m,
                         T const* dy, AddsTo<T> dx, AddsTo<T> dpast, T* dm) {
        using B = simd::Batch<T, Policy>;
        B const one(1);
        auto some_channels = [=](index begin, index end) {
            index const first = begin * simd::width<B>;
            index const last = (std::min)(C, end * simd::width<B>);
            for (index r = 0; r < rows; ++r) {
                simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                    index const i = r * C + c;
                    B const mix = simd::load<B>(m + c, lanes);
                    B const g = simd::load<B>(dy + i, lanes);
                    simd::accumulate(dx, i, mix, g, lanes);
                    simd::accumulate(dpast, i, one - mix, g, lanes);
                    B const change = simd::load<B>(x + i, lanes) - simd::load<B>(past + i, lanes);
                    simd::accumulate(dm, c, change, g, lanes);
                });
            }
        };
        parallel_for(policy, (C + simd::width<B> - 1) / simd::width<B>, some_channels);
    }
};

}  // namespace spikelet::kernels
