// SPDX-License-Identifier: MIT
// Mean cross entropy of logits z [rows,V] against target ids, in nats:
//   loss = 1/n sum of (log sum_v e^z[v] - z[target]);   dz += (softmax(z) - onehot) dloss / n
// where n counts the rows whose target is not ignored. L2Wrap (RWKV) keeps the value and adds
// 1e-4/rows max(z) to the gradient of each row's largest logit, whatever dloss or the target is.
//
// Forward a row passes out of memory once, for its largest number, and out of the L2 once more, for
// the exponentials; the former of a row and the latter of the row before are one loop, so that the
// memory works while the processor computes.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <spikelet/kernels/simd.hpp>

namespace spikelet {

/// A target that does not count.
inline constexpr std::int32_t ignored_target = -100;

namespace kernels {

/// Softmax and logarithm in one.
template <class Policy>
struct CrossEntropy {
    static_assert(CpuPolicy<Policy>,
                  "cross_entropy: no kernel for this policy; the policies are Serial and OpenMp");

    /// logits [rows,V], targets [rows] -> nats [rows], log_sum [rows,2]: a row's largest logit and
    /// the logarithm of the sum of e^(z - largest), apart because their sum has fewer digits.
    /// Returns the mean of nats.
    template <class T>
    static double forward(Policy policy, index rows, index V, T const* logits,
                          std::int32_t const* targets, double* nats, T* log_sum) {
        auto some_rows = [=](index begin, index end) {
            T top = largest(V, logits + begin * V);
            for (index r = begin; r < end; ++r) {
                T const* const z = logits + r * V;
                // The next row comes out of memory while this one is computed.
                auto const [log_rest, next] = log_sum_exp(V, z, top, r + 1 < end ? z + V : z);
                log_sum[2 * r] = top;
                log_sum[2 * r + 1] = static_cast<T>(log_rest);
                nats[r] = targets[r] == ignored_target
                              ? 0.0
                              : log_rest +
                                    (static_cast<double>(top) - static_cast<double>(z[targets[r]]));
                top = next;
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(4096, V));
        double total = 0;
        for (index r = 0; r < rows; ++r) { total += nats[r]; }
        return total / static_cast<double>(counted(rows, targets));
    }

    /// dlogits [rows,V] += the gradient of the mean times dloss; may be null. log_sum is forward's.
    template <class T>
    static void backward(Policy policy, index rows, index V, T const* logits,
                         std::int32_t const* targets, T const* log_sum, T dloss, bool l2_wrap,
                         AddsTo<T> dlogits) {
        if (dlogits.data == nullptr) { return; }
        T const share = T(1) / static_cast<T>(counted(rows, targets));
        T const pull = T(1e-4) * (T(1) / static_cast<T>(std::max<index>(1, rows)));
        auto some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                T* const dz = dlogits.data + r * V;
                T const* const z = logits + r * V;
                if (targets[r] != ignored_target) {
                    add_softmax(V, z, log_sum + 2 * r, dloss * share, dlogits + r * V);
                    T& dtarget = dz[targets[r]];
                    dtarget = std::fma(-dloss, share, dtarget);
                } else if (dlogits.fresh) {
                    std::fill_n(dz, V, T(0));
                }
                if (l2_wrap && V > 0) {
                    T const* const top = std::max_element(z, z + V);
                    dz[top - z] = std::fma(pull, *top, dz[top - z]);
                }
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(4096, V));
    }

private:
    static index counted(index rows, std::int32_t const* targets) {
        return std::max<index>(1, rows - std::count(targets, targets + rows, ignored_target));
    }

    template <class T>
    static T largest(index V, T const* z) {
        using B = simd::Batch<T, Policy>;
        T const lowest = std::numeric_limits<T>::lowest();
        B top(lowest);
        simd::for_each_batch<B>(0, V, [&](index v, auto lanes) {
            top = (simd::max)(top, simd::load<B>(z + v, lanes, lowest));
        });
        return simd::largest(top);
    }

    template <class T>
    struct Sum {
        double logarithm;
        T next_top;
    };

    /// The logarithm of the sum of e^(z - top), and the largest number of the next row.
    template <class T>
    static Sum<T> log_sum_exp(index V, T const* z, T top, T const* next) {
        using B = simd::Batch<T, Policy>;
        T const lowest = std::numeric_limits<T>::lowest();
        B const shift(top);
        B sum(0);
        B next_top(lowest);
        simd::for_each_batch<B>(0, V, [&](index v, auto lanes) {
            next_top = (simd::max)(next_top, simd::load<B>(next + v, lanes, lowest));
            B const below = simd::load<B>(z + v, lanes, lowest) - shift;
            sum = sum + simd::exp_at_most_one(std::array{below})[0];
        });
        return {std::log(static_cast<double>(simd::sum(sum))), simd::largest(next_top)};
    }

    /// log_sum [2] as forward() leaves it.
    template <class T>
    static void add_softmax(index V, T const* z, T const* log_sum, T scale, Accumulator<T> dz) {
        using B = simd::Batch<T, Policy>;
        B const top(log_sum[0]);
        B const log_rest(log_sum[1]);
        B const factor(scale);
        simd::for_each_batch<B>(0, V, [&](index v, auto lanes) {
            B const below = (simd::load<B>(z + v, lanes) - top) - log_rest;
            simd::accumulate(dz, v, simd::exp_at_most_one(std::array{below})[0], factor, lanes);
        });
    }
};

}  // namespace kernels
}  // namespace spikelet
