// SPDX-License-Identifier: MIT
// Token shift (RWKV-4): y = x m + past (1 - m), with one m per channel, past[t] = x[t-1].
// Backward:  dx += m dy,  dpast += (1 - m) dy,  dm += sum over rows of (x - past) dy.
#pragma once

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

template <class Policy>
struct Mix {
    static_assert(CpuPolicy<Policy>, "mix: no kernel for this policy");

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
        parallel_for(policy, rows, some_rows, 16384 / C + 1);
    }

    /// dm may be null.
    template <class T>
    static void backward(Policy policy, index rows, index C, T const* x, T const* past, T const* m,
                         T const* dy, T* dx, T* dpast, T* dm) {
        using B = simd::Batch<T, Policy>;
        B const one(1);
        auto some_channels = [=](index begin, index end) {
            index const first = begin * simd::width<B>;
            index const last = std::min(C, end * simd::width<B>);
            for (index r = 0; r < rows; ++r) {
                simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                    index const i = r * C + c;
                    B const mix = simd::load<B>(m + c, lanes);
                    B const g = simd::load<B>(dy + i, lanes);
                    simd::store(dx + i, simd::fma(mix, g, simd::load<B>(dx + i, lanes)), lanes);
                    B const dold = simd::load<B>(dpast + i, lanes);
                    simd::store(dpast + i, simd::fma(one - mix, g, dold), lanes);
                    if (dm != nullptr) {
                        B const change =
                            simd::load<B>(x + i, lanes) - simd::load<B>(past + i, lanes);
                        B const sum = simd::load<B>(dm + c, lanes);
                        simd::store(dm + c, simd::fma(change, g, sum), lanes);
                    }
                });
            }
        };
        parallel_for(policy, (C + simd::width<B> - 1) / simd::width<B>, some_channels);
    }
};

}  // namespace spikelet::kernels
