// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire with graded spikes, one neuron per channel: a level instead of one
// spike, several thresholds at once (kernels/levels.hpp), a learned leak and a learned threshold.
// With th = max(threshold, 1e-3):
//   charge   h[t] = leak v[t-1] + x[t]
//   fire     s[t] = level(h[t] / th)
//   reset    v[t] = h[t] - s[t] th            soft; the gradient does not see s here, but th
// Backward walks time in reverse; with u = h / th, ds given, dh given by whoever reads the charge
// itself, what an event costs (autodiff/event_cost.hpp), and e after the last step 0:
//   g[t] = ds/du (ds[t] + cost sign(s[t])) / th        ds/du: the sum of bumps
//   e[t] = g[t] + leak e[t+1] + dh[t],                 dx[t] += e[t]
//   dleak += sum of e[t+1] v[t]
//   dthreshold -= sum of g[t] u[t] + s[t] leak e[t+1], nothing where threshold < 1e-3
#pragma once

#include <algorithm>
#include <array>

#include <spikelet/kernels/levels.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet::kernels {

/// Neurons along time whose spikes are levels of S.
template <class Policy, SpikeKind S>
struct IntegerLif {
    static_assert(CpuPolicy<Policy>,
                  "integer_lif: no kernel for this policy; the policies are Serial and OpenMp");

    /// leak, threshold [C]; x [B,T,C] -> spikes [B,T,C] of S. charge [B,T,C] receives h, may be
    /// null. state [B,C] is the membrane before and after; null: starts at 0, keeps nothing.
    template <class T>
    static void forward(Policy policy, Btc n, EventLevels<S> levels, T const* leak,
                        T const* threshold, T const* x, word* spikes, T* charge, T* state) {
        Run<T> const run{levels, leak, threshold, x, spikes, charge};
        auto const some = [=](index b, index first, index last) {
            Strip const strip{n, b, first, last};
            if (state != nullptr) {
                fire(strip, run, state + b * n.C + first);
            } else {
                fire_from_rest(strip, run);
            }
        };
        for_each_strip(policy, n, some);
    }

    /// charge [B,T,C] as forward() leaves it, start [B,C] the state before, null: 0; dspikes,
    /// dcharge [B,T,C] -> dx [B,T,C], dleak, dthreshold [C], summed over the batch. Adds. The
    /// gradients but dspikes may be null.
    template <class T, class Surrogate>
    static void backward(Policy policy, Btc n, EventLevels<S> levels, Surrogate surrogate,
                         T const* leak, T const* threshold, T const* charge, T const* dspikes,
                         T cost, AddsTo<T> dx, T* dleak, T* dthreshold, T const* dcharge = nullptr,
                         T const* start = nullptr) {
        Back<T, Surrogate> const back{levels, surrogate, leak,  threshold,  charge,  dspikes,
                                      cost,   dx,        dleak, dthreshold, dcharge, start};
        // A strip takes all sequences, so that the sums over them have one order.
        for_each_strip(policy, {1, n.B * n.T, n.C}, [=](index, index first, index last) {
            reverse(Strip{n, 0, first, last}, back);
        });
    }

private:
    /// N numbers for each channel of a strip, one plane after another.
    template <class T, index N>
    using Channels = std::array<T, static_cast<std::size_t>(N* widest_strip)>;

    /// Some channels of one sequence.
    struct Strip {
        Btc n;
        index b, first, last;
    };

    template <class T>
    struct Run {
        EventLevels<S> levels;
        T const *leak, *threshold, *x;
        word* spikes;
        T* charge;
    };

    template <class T, class Surrogate>
    struct Back {
        EventLevels<S> levels;
        Surrogate surrogate;
        T const *leak, *threshold, *charge, *dspikes;
        T cost;
        Accumulator<T> dx;
        T *dleak, *dthreshold;
        T const *dcharge, *start;
    };

    /// A function of its own, so that streams need no stack for membranes.
    template <class T>
    [[gnu::noinline]] static void fire_from_rest(Strip s, Run<T> run) {
        Channels<T, 1> rest{};
        fire(s, run, rest.data());
    }

    /// Forward along time; v [last - first] are the membranes before and after.
    template <class T>
    static void fire(Strip s, Run<T> run, T* v) {
        using B = simd::Batch<T, Policy>;
        constexpr index planes = Element<S>::planes;
        for (index t = 0; t < s.n.T; ++t) {
            index const row = s.b * s.n.T + t;
            word* const fired = run.spikes + row * Element<S>::row_units(s.n.C);
            for (index w = s.first; w < s.last; w += bits_per_word) {
                std::array<word, static_cast<std::size_t>(planes)> bits{};
                simd::for_each_batch<B>(
                    w, (std::min)(w + bits_per_word, s.last), [&](index c, auto lanes) {
                        index const i = row * s.n.C + c;
                        T* const membrane = v + (c - s.first);
                        B const h = simd::fma(simd::load<B>(run.leak + c, lanes),
                                              simd::load<B>(membrane, lanes),
                                              simd::load<B>(run.x + i, lanes));
                        B const step = step_of(simd::load<B>(run.threshold + c, lanes));
                        B const level = level_of(h / step, run.levels);
                        store_levels<S>(level, bits.data(), c - w, lanes);
                        simd::store(membrane, simd::fnma(level, step, h), lanes);
                        if (run.charge != nullptr) { simd::store(run.charge + i, h, lanes); }
                    });
                std::copy(bits.begin(), bits.end(), fired + w / bits_per_word * planes);
            }
        }
    }

    /// Backward along time through all sequences: e after the step and the sums of each channel.
    template <class T, class Surrogate>
    static void reverse(Strip s, Back<T, Surrogate> const& in) {
        using B = simd::Batch<T, Policy>;
        Channels<T, 3> carried{};
        T* const after = carried.data();
        T* const dleak = after + widest_strip;
        T* const dthreshold = dleak + widest_strip;
        for (s.b = 0; s.b < s.n.B; ++s.b) {
            std::fill_n(after, s.last - s.first, T(0));
            for (index t = s.n.T - 1; t >= 0; --t) {
                simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
                    index const own = c - s.first;
                    step_back<B>(s, in, t, c, lanes, after + own, dleak + own, dthreshold + own);
                });
            }
            if (in.start == nullptr) { continue; }
            simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
                index const own = c - s.first;
                simd::accumulate(dleak, own, simd::load<B>(after + own, lanes),
                                 simd::load<B>(in.start + s.b * s.n.C + c, lanes), lanes);
            });
        }
        simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
            index const own = c - s.first;
            B const follows = where_step_follows(simd::load<B>(in.threshold + c, lanes),
                                                 simd::load<B>(dthreshold + own, lanes));
            simd::accumulate(in.dleak, c, simd::load<B>(dleak + own, lanes), lanes);
            simd::accumulate(in.dthreshold, c, follows, lanes);
        });
    }

    /// One step of some channels: after[] is e[t+1], then e[t].
    template <class B, class T, class Surrogate>
    [[gnu::always_inline]] static void step_back(Strip s, Back<T, Surrogate> const& in, index t,
                                                 index c, auto lanes, T* after, T* dleak,
                                                 T* dthreshold) {
        index const i = (s.b * s.n.T + t) * s.n.C + c;
        B const step = step_of(simd::load<B>(in.threshold + c, lanes));
        B const h = simd::load<B>(in.charge + i, lanes);
        B const u = h / step;
        B const level = level_of(u, in.levels);
        B const later = simd::load<B>(after, lanes);
        simd::accumulate(dleak, 0, later, simd::fnma(level, step, h), lanes);
        B const leak = simd::load<B>(in.leak + c, lanes);
        B const slope = slope_of(in.surrogate, u, in.levels);
        B const ds =
            simd::fma(B(in.cost), sign_of_level<S>(u), simd::load<B>(in.dspikes + i, lanes));
        B const through_level = slope * ds / step;
        B const sum = simd::fnma(u, through_level, simd::load<B>(dthreshold, lanes));
        simd::store(dthreshold, simd::fnma(level, leak * later, sum), lanes);
        B e = simd::fma(leak, later, through_level);
        if (in.dcharge != nullptr) { e += simd::load<B>(in.dcharge + i, lanes); }
        simd::accumulate(in.dx, i, e, lanes);
        simd::store(after, e, lanes);
    }
};

}  // namespace spikelet::kernels
