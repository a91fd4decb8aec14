// SPDX-License-Identifier: MIT
// The mean of a sequence's first steps, for sequences of different lengths in one array:
//   y[b] = 1/n_b sum of x[b,t] over t < n_b;   what stands behind is never read
// Backward:  dx[b,t] += dy[b] / n_b for t < n_b
#pragma once

#include <cstdint>

#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet::kernels {

/// One row for each sequence.
template <class Policy>
struct MeanOverTime {
    static_assert(CpuPolicy<Policy>,
                  "mean_over_time: no kernel for this policy; the policies are Serial and OpenMp");

    /// x [B,T,C]; lengths [B], each from 1 to T; y [B,C]. Steps are summed in ascending order.
    template <class T>
    static void forward(Policy policy, Btc n, std::int32_t const* lengths, T const* x, T* y) {
        using B = simd::Batch<T, Policy>;
        auto const some_sequences = [=](index begin, index end) {
            for (index b = begin; b < end; ++b) {
                index const length = lengths[b];
                B const steps(static_cast<T>(length));
                simd::for_each_batch<B>(0, n.C, [&](index c, auto lanes) {
                    B sum(0);
                    T const* from = x + b * n.T * n.C + c;
                    for (index t = 0; t < length; ++t, from += n.C) {
                        sum = sum + simd::load<B>(from, lanes);
                    }
                    simd::store(y + b * n.C + c, sum / steps, lanes);
                });
            }
        };
        parallel_for(policy, n.B, some_sequences, grain_of(16384, n.T * n.C));
    }

    /// dy [B,C]; dx [B,T,C]. Adds; dx may be null.
    template <class T>
    static void backward(Policy policy, Btc n, std::int32_t const* lengths, T const* dy,
                         AddsTo<T> dx) {
        using B = simd::Batch<T, Policy>;
        if (dx.data == nullptr) { return; }
        auto const some_sequences = [=](index begin, index end) {
            for (index b = begin; b < end; ++b) {
                B const steps(static_cast<T>(lengths[b]));
                for (index t = 0; t < n.T; ++t) {
                    bool const counts = t < lengths[b];
                    simd::for_each_batch<B>(0, n.C, [&](index c, auto lanes) {
                        B const g = simd::load<B>(dy + b * n.C + c, lanes) / steps;
                        simd::accumulate(dx, (b * n.T + t) * n.C + c, counts ? g : B(0), lanes);
                    });
                }
            }
        };
        parallel_for(policy, n.B, some_sequences, grain_of(16384, n.T * n.C));
    }
};

}  // namespace spikelet::kernels
