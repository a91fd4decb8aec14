// SPDX-License-Identifier: MIT
// One number for each channel, added to every row: y[r] = x[r] + b.
// Backward:  dx += dy,  db += sum over rows of dy.
#pragma once

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// The same vector for all rows.
template <class Policy>
struct Bias {
    static_assert(CpuPolicy<Policy>,
                  "add_bias: no kernel for this policy; the policies are Serial and OpenMp");

    /// x, y [rows,C]; bias [C].
    template <class T>
    static void forward(Policy policy, index rows, index C, T const* x, T const* bias, T* y) {
        using B = simd::Batch<T, Policy>;
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
                    B const sum =
                        simd::load<B>(x + r * C + c, lanes) + simd::load<B>(bias + c, lanes);
                    simd::store(y + r * C + c, sum, lanes);
                });
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(16384, C));
    }

    /// dy [rows,C]; dx [rows,C], dbias [C]. Adds; both may be null. Shared among threads by
    /// channels, so that rows add up in order.
    template <class T>
    static void backward(Policy policy, index rows, index C, T const* dy, AddsTo<T> dx, T* dbias) {
        using B = simd::Batch<T, Policy>;
        auto const some_channels = [=](index begin, index end) {
            index const first = begin * simd::width<B>;
            index const last = (std::min)(C, end * simd::width<B>);
            for (index r = 0; r < rows; ++r) {
                simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                    B const g = simd::load<B>(dy + r * C + c, lanes);
                    simd::accumulate(dx, r * C + c, g, lanes);
                    simd::accumulate(dbias, c, g, lanes);
                });
            }
        };
        parallel_for(policy, (C + simd::width<B> - 1) / simd::width<B>, some_channels);
    }
};

}  // namespace spikelet::kernels
