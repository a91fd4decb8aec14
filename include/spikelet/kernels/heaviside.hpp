// SPDX-License-Identifier: MIT
// The stateless neuron s = (x >= threshold), and spikes as numbers.
// Backward: dx += surrogate(x - threshold) ds.
#pragma once

#include <algorithm>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Fires where x >= threshold.
template <class Policy>
struct Heaviside {
    static_assert(CpuPolicy<Policy>,
                  "heaviside: no kernel for this policy; the policies are Serial and OpenMp");

    /// x [rows,C] -> spikes [rows,C] bits.
    template <class T>
    static void forward(Policy policy, index rows, index C, double threshold, T const* x,
                        word* spikes) {
        using B = simd::Batch<T, Policy>;
        index const words = Element<bit>::row_units(C);
        B const level(static_cast<T>(threshold));
        auto some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                std::fill_n(spikes + r * words, words, word{0});
                simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
                    B const h = simd::load<B>(x + r * C + c, lanes);
                    word const fired = simd::in_use(simd::to_bits(h >= level), lanes);
                    spikes[r * words + c / bits_per_word] |= fired << (c % bits_per_word);
                });
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(16384, C));
    }

    /// x, dspikes, dx [n]. dx may be null.
    template <class T, class Surrogate>
    static void backward(Policy policy, index n, double threshold, Surrogate surrogate, T const* x,
                         T const* dspikes, AddsTo<T> dx) {
        using B = simd::Batch<T, Policy>;
        B const level(static_cast<T>(threshold));
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const slope = surrogate(simd::load<B>(x + i, lanes) - level);
            simd::accumulate(dx, i, slope, simd::load<B>(dspikes + i, lanes), lanes);
        });
    }
};

/// The spikes of S of a row that start at element c; sums of whole numbers do not round.
template <SpikeKind S, class B>
B spikes_as_numbers(word const* row, index c) {
    word const* const planes = row + c / bits_per_word * Element<S>::planes;
    B sum(0);
    simd::unrolled<Element<S>::planes>([&](auto p) {
        B const one = simd::from_bits<B>(simd::spikes_at<B>(planes + p, c % bits_per_word));
        constexpr int weight = Element<S>::plane_weights[p];
        sum = weight == 1 ? sum + one : simd::fma(simd::constant<B>(weight), one, sum);
    });
    return sum;
}

/// y = x + s, where x may be null: then y is the spikes as numbers.
template <class Policy, class S = bit>
struct AddSpikes {
    static_assert(CpuPolicy<Policy>,
                  "add_spikes: no kernel for this policy; the policies are Serial and OpenMp");

    /// x, y [rows,C]; spikes [rows,C] of S.
    template <class T>
    static void forward(Policy policy, index rows, index C, T const* x, word const* spikes, T* y) {
        using B = simd::Batch<T, Policy>;
        index const words = Element<S>::row_units(C);
        auto some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
                    B const s = spikes_as_numbers<S, B>(spikes + r * words, c);
                    B const sum = x == nullptr ? s : simd::load<B>(x + r * C + c, lanes) + s;
                    simd::store(y + r * C + c, sum, lanes);
                });
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(16384, C));
    }
};

}  // namespace spikelet::kernels
