// SPDX-License-Identifier: MIT
// Rows divided by their root mean square (Zhang & Sennrich, "Root mean square layer normalization",
// arXiv 1910.07467, equation 4, without a gain):
//   y = x / R,   R = sqrt(mean(x^2) + eps)
// Backward:  dx += (dy - y mean(dy y)) / R
#pragma once

#include <cmath>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Scales every row to a mean square of 1.
template <class Policy>
struct RmsNorm {
    static_assert(CpuPolicy<Policy>,
                  "rms_norm: no kernel for this policy; the policies are Serial and OpenMp");

    /// x, y [rows,C]; scales [rows] keeps 1/R, may be null.
    template <class T>
    static void forward(Policy policy, index rows, index C, T eps, T const* x, T* y, T* scales) {
        using B = simd::Batch<T, Policy>;
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                T const* const from = x + r * C;
                auto const squares = simd::sums_over<B, 1>(C, [&](auto& sums, index c, auto lanes) {
                    B const v = simd::load<B>(from + c, lanes);
                    sums[0] = simd::fma(v, v, sums[0]);
                });
                T const mean = simd::sum(squares[0]) / static_cast<T>(C);
                T const scale = T(1) / std::sqrt(mean + eps);
                simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
                    simd::store(y + r * C + c, simd::load<B>(from + c, lanes) * B(scale), lanes);
                });
                if (scales != nullptr) { scales[r] = scale; }
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(8192, C));
    }

    /// y [rows,C] and scales [rows] as forward() leaves them; dy, dx [rows,C]. Adds; dx may be
    /// null.
    template <class T>
    static void backward(Policy policy, index rows, index C, T const* y, T const* scales,
                         T const* dy, AddsTo<T> dx) {
        using B = simd::Batch<T, Policy>;
        if (dx.data == nullptr) { return; }
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                auto const products =
                    simd::sums_over<B, 1>(C, [&](auto& sums, index c, auto lanes) {
                        sums[0] = simd::fma(simd::load<B>(y + r * C + c, lanes),
                                            simd::load<B>(dy + r * C + c, lanes), sums[0]);
                    });
                B const along(simd::sum(products[0]) / static_cast<T>(C));
                simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
                    index const i = r * C + c;
                    B const across = simd::fnma(simd::load<B>(y + i, lanes), along,
                                                simd::load<B>(dy + i, lanes));
                    simd::accumulate(dx, i, B(scales[r]), across, lanes);
                });
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(8192, C));
    }
};

}  // namespace spikelet::kernels
