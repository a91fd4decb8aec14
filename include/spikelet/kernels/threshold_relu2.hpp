// SPDX-License-Identifier: MIT
// Squared rectification above a learned threshold of each channel, for activations that are mostly
// silent:
//   y = max(x - threshold, 0)^2                 NaN stays NaN, there and back
// Backward, with p the cost of an active channel (autodiff/event_cost.hpp), whose step at the
// threshold is smoothed to a sigmoid, z = x - threshold:
//   dx += 2 max(z, 0) dy + p s (1 - s),  s = sigmoid(z);   dthreshold -= sum over rows of the same
#pragma once

#include <algorithm>

#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet::kernels {

/// Squares of what is above a threshold.
template <class Policy>
struct ThresholdRelu2 {
    static_assert(CpuPolicy<Policy>,
                  "threshold_relu2: no kernel for this policy; the policies are Serial and "
                  "OpenMp");

    /// x, y [rows,C]; threshold [C].
    template <class T>
    static void forward(Policy policy, index rows, index C, T const* x, T const* threshold, T* y) {
        using B = simd::Batch<T, Policy>;
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
                    B const z = above<B>(x + r * C + c, threshold + c, lanes);
                    B const positive = simd::positive_part(z);
                    simd::store(y + r * C + c, positive * positive, lanes);
                });
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(16384, C));
    }

    /// Sum of sigmoid(x - threshold) over the C channels of each row -> sums [rows].
    template <class T>
    static void smoothed_events(Policy policy, index rows, index C, T const* x, T const* threshold,
                                T* sums) {
        using B = simd::Batch<T, Policy>;
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                // Tails count lanes that are not in use; they must count for nothing.
                auto const total = simd::sums_over<B, 1>(C, [&](auto& to, index c, auto lanes) {
                    B const z = above<B>(x + r * C + c, threshold + c, lanes);
                    to[0] += used(simd::sigmoid(z), lanes);
                });
                sums[r] = simd::sum(total[0]);
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(4096, C));
    }

    /// x, dy, dx [rows,C]; threshold, dthreshold [C]. Adds; dx and dthreshold may be null.
    template <class T>
    static void backward(Policy policy, index rows, index C, T const* x, T const* threshold,
                         T const* dy, T cost, AddsTo<T> dx, T* dthreshold) {
        using B = simd::Batch<T, Policy>;
        // A strip takes all rows, so that the sums over them have one order.
        for_each_strip(policy, {1, rows, C}, [=](index, index first, index last) {
            for (index r = 0; r < rows; ++r) {
                simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                    index const i = r * C + c;
                    B const z = above<B>(x + i, threshold + c, lanes);
                    B const positive = simd::positive_part(z);
                    B const slope = positive + positive;
                    B const of_y = simd::load<B>(dy + i, lanes);
                    if (cost == T(0)) {
                        simd::accumulate(dx, i, slope, of_y, lanes);
                        simd::accumulate(dthreshold, c, -slope, of_y, lanes);
                        return;
                    }
                    B const s = simd::sigmoid(z);
                    B const g = simd::fma(B(cost), simd::fnma(s, s, s), slope * of_y);
                    simd::accumulate(dx, i, g, lanes);
                    simd::accumulate(dthreshold, c, -g, lanes);
                });
            }
        });
    }

private:
    template <class B, class T>
    static B above(T const* x, T const* threshold, auto lanes) {
        return simd::load<B>(x, lanes) - simd::load<B>(threshold, lanes);
    }

    template <class B>
    static B used(B const& x, simd::Full) {
        return x;
    }
    template <class B>
    static B used(B const& x, simd::Part part) {
        return x * simd::from_bits<B>((word{1} << part.n) - 1);
    }
};

}  // namespace spikelet::kernels
