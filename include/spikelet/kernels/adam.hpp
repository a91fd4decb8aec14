// SPDX-License-Identifier: MIT
// One pass of Adam (Kingma & Ba, 2015) or AdamW (Loshchilov & Hutter, 2019) over one array, and the
// sum of squares that clipping needs.
//   g = scale dw  (+ decay w for Adam)     m = b1 m + (1-b1) g     v = b2 v + (1-b2) g^2
//   w -= lr/(1-b1^t) m / (sqrt(v)/sqrt(1-b2^t) + eps)  (+ lr decay w for AdamW)
// Weights that are infinite, as the decay of a neuron that forgets nothing, do not decay.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// The numbers of one step, the same for every element of an array.
struct AdamStep {
    double learning_rate;  ///< lr
    double beta1;          ///< b1
    double beta2;          ///< b2
    double epsilon;        ///< eps
    double weight_decay;   ///< decay
    bool decoupled;        ///< AdamW
    double scale;          ///< of the gradient: clipping and accumulation
    std::int64_t count;    ///< t, from 1
};

/// One step of one array.
template <class Policy>
struct Adam {
    static_assert(CpuPolicy<Policy>,
                  "adam: no kernel for this policy; the policies are Serial and OpenMp");

    /// Updates w, m, v [n] and sets dw to zero.
    template <class T>
    static void step(Policy policy, index n, AdamStep s, T* w, T* dw, T* m, T* v) {
        using B = simd::Batch<T, Policy>;
        auto const t = static_cast<double>(s.count);
        B const rate = simd::constant<B>(s.learning_rate / (1 - std::pow(s.beta1, t)));
        B const root = simd::constant<B>(1 / std::sqrt(1 - std::pow(s.beta2, t)));
        B const b1 = simd::constant<B>(s.beta1);
        B const b2 = simd::constant<B>(s.beta2);
        B const c1 = simd::constant<B>(1 - s.beta1);
        B const c2 = simd::constant<B>(1 - s.beta2);
        B const infinity(std::numeric_limits<T>::infinity());
        B const epsilon = simd::constant<B>(s.epsilon);
        B const scale = simd::constant<B>(s.scale);
        B const coupled = simd::constant<B>(s.decoupled ? 0 : s.weight_decay);
        B const shrink = simd::constant<B>(s.decoupled ? s.learning_rate * s.weight_decay : 0);
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const old = simd::load<B>(w + i, lanes);
            B const decaying = simd::zero_where(simd::abs(old) == infinity, old);
            B const g = simd::fma(coupled, decaying, scale * simd::load<B>(dw + i, lanes));
            B const mean = simd::fma(c1, g, b1 * simd::load<B>(m + i, lanes));
            B const square = simd::fma(c2, g * g, b2 * simd::load<B>(v + i, lanes));
            B const spread = simd::fma(simd::sqrt(square), root, epsilon);
            B const kept = simd::fnma(shrink, decaying, old);
            simd::store(w + i, simd::fnma(rate, mean / spread, kept), lanes);
            simd::store(m + i, mean, lanes);
            simd::store(v + i, square, lanes);
            simd::store(dw + i, B(0), lanes);
        });
    }
};

/// The sum of squares of an array.
template <class Policy>
struct SumOfSquares {
    static_assert(CpuPolicy<Policy>,
                  "sum_of_squares: no kernel for this policy; the policies are Serial and OpenMp");

    /// Adds up blocks of fixed length, then the blocks in order: the same bits for any threads.
    /// partial [blocks(n)] is memory for the blocks' sums.
    template <class T>
    static double forward(Policy policy, index n, T const* x, double* partial) {
        using B = simd::Batch<T, Policy>;
        auto some_blocks = [=](index begin, index end) {
            for (index k = begin; k < end; ++k) {
                B sum(0);
                simd::for_each_batch<B>(k * block, (std::min)(n, (k + 1) * block),
                                        [&](index i, auto lanes) {
                                            B const g = simd::load<B>(x + i, lanes);
                                            sum = simd::fma(g, g, sum);
                                        });
                partial[k] = static_cast<double>(simd::sum(sum));
            }
        };
        parallel_for(policy, blocks(n), some_blocks, 16);
        double total = 0;
        for (index k = 0; k < blocks(n); ++k) { total += partial[k]; }
        return total;
    }

    /// How many partial sums n elements have.
    static constexpr index blocks(index n) { return (n + block - 1) / block; }

private:
    static constexpr index block = 2048;
};

}  // namespace spikelet::kernels
