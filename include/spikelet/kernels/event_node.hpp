// SPDX-License-Identifier: MIT
// Graded spikes without memory: how many thresholds a number has passed (kernels/levels.hpp), one
// learned threshold for each channel:
//   u = x / max(threshold, 1e-3),   s = level(u)
// Backward, with what an event costs (autodiff/event_cost.hpp) added to the gradient of its level:
//   g = ds/du (ds + cost sign(s)),   dx += g / max(threshold, 1e-3)
//   dthreshold -= sum over rows of g u / max(threshold, 1e-3), nothing where threshold < 1e-3
#pragma once

#include <algorithm>
#include <array>

#include <spikelet/kernels/levels.hpp>
#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet::kernels {

/// Levels of numbers.
template <class Policy, SpikeKind S>
struct EventNode {
    static_assert(CpuPolicy<Policy>,
                  "event_node: no kernel for this policy; the policies are Serial and OpenMp");

    /// x [rows,C], threshold [C] -> events [rows,C] of S. u [rows,C] may be null.
    template <class T>
    static void forward(Policy policy, index rows, index C, EventLevels<S> levels, T const* x,
                        T const* threshold, word* events, T* u) {
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                T* const kept = u == nullptr ? nullptr : u + r * C;
                fire(C, levels, x + r * C, threshold, events + r * Element<S>::row_units(C), kept);
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(8192, C));
    }

    /// u [rows,C] as forward() leaves it; devents, dx [rows,C]; threshold, dthreshold [C]. Adds; dx
    /// and dthreshold may be null.
    template <class T, class Surrogate>
    static void backward(Policy policy, index rows, index C, EventLevels<S> levels,
                         Surrogate surrogate, T const* u, T const* threshold, T const* devents,
                         T cost, AddsTo<T> dx, T* dthreshold) {
        using B = simd::Batch<T, Policy>;
        // A strip takes all rows, so that the sums over them have one order.
        for_each_strip(policy, {1, rows, C}, [=](index, index first, index last) {
            for (index r = 0; r < rows; ++r) {
                simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                    index const i = r * C + c;
                    B const in_steps = simd::load<B>(u + i, lanes);
                    B const given = simd::load<B>(threshold + c, lanes);
                    B const ds = simd::fma(B(cost), sign_of_level<S>(in_steps),
                                           simd::load<B>(devents + i, lanes));
                    B const g = slope_of(surrogate, in_steps, levels) * ds / step_of(given);
                    simd::accumulate(dx, i, g, lanes);
                    simd::accumulate(dthreshold, c, where_step_follows(given, -in_steps), g, lanes);
                });
            }
        });
    }

private:
    template <class T>
    static void fire(index C, EventLevels<S> levels, T const* x, T const* threshold, word* events,
                     T* u) {
        using B = simd::Batch<T, Policy>;
        constexpr index planes = Element<S>::planes;
        for (index w = 0; w < C; w += bits_per_word) {
            std::array<word, static_cast<std::size_t>(planes)> bits{};
            simd::for_each_batch<B>(w, (std::min)(w + bits_per_word, C), [&](index c, auto lanes) {
                B const step = step_of(simd::load<B>(threshold + c, lanes));
                B const in_steps = simd::load<B>(x + c, lanes) / step;
                if (u != nullptr) { simd::store(u + c, in_steps, lanes); }
                store_levels<S>(level_of(in_steps, levels), bits.data(), c - w, lanes);
            });
            std::copy(bits.begin(), bits.end(), events + w / bits_per_word * planes);
        }
    }
};

}  // namespace spikelet::kernels
