// SPDX-License-Identifier: MIT
// Neurons of any kind along time, one for each channel. A small type N says what a step of one is,
// and its way back. B is a batch: one channel in each lane. N has
//   states, weights           how many numbers a neuron carries, and has learned
//   spiking                   if not, its charge is all it gives, and reset() is not asked for
//   rest()                    the state before the first step
//   constants(w)           -> k, of the learned numbers w, once for a channel
//   charge(k, v, x)        -> h, the state v after the input x; h[0] is the charge
//   fires(k, h)            -> mask
//   reset(k, h, fires)     -> the state after the step
//   back(surrogate, k, seen, after, dk, dx): `after`, the gradient of the state after the step,
//                             becomes that of the state before; adds to dk and dx
//   through_constants(k, dk)  -> dw
#pragma once

#include <array>

#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/sizes.hpp>
#include <spikelet/kernels/weight.hpp>

namespace spikelet::kernels {

/// What the way back of a step reads.
template <class B, std::size_t States>
struct SeenStep {
    std::array<B, States> before;   ///< the state before the step
    std::array<B, States> charged;  ///< the state after the input
    B x;                            ///< the input
    B dspike;                       ///< gradient of the spike
    B dcharge;                      ///< gradient of the charge
};

/// Neurons that N describes.
template <class Policy, class N>
struct Neurons {
    static_assert(CpuPolicy<Policy>,
                  "neurons: no kernel for this policy; the policies are Serial and OpenMp");

    static constexpr auto states = static_cast<std::size_t>(N::states);    ///< of a neuron
    static constexpr auto weights = static_cast<std::size_t>(N::weights);  ///< that it has learned
    template <class T>
    using Weights = std::array<Weight<T>, weights>;  ///< one for each learned number
    /// One array [B,T,C] for each number of a charged state.
    template <class T>
    using Charged = std::array<T*, states>;

    /// x [B,T,C] -> spikes [B,T,C] bits, and h; these arrays may be null. state [states,B,C] is
    /// that before and after; null: starts at rest, keeps nothing.
    template <class T>
    static void forward(Policy policy, Btc n, N neuron, Weights<T> w, T const* x, word* spikes,
                        Charged<T> charged, T* state) {
        Run<T> const run{neuron, w, x, spikes, charged};
        auto const start = [=](index b, index first, index last) {
            walk_from_rest(Strip{n, b, first, last}, run);
        };
        auto const go_on = [=](index b, index first, index last) {
            Strip const strip{n, b, first, last};
            Channels<T, weights, narrow_strip> numbers;
            auto const k = Planes<T>::of_strip(numbers.data(), 0, weights);
            work_out(strip, run.neuron, run.w, k);
            walk(strip, run, k, {state + b * n.C + first, n.B * n.C, 1});
        };
        if (state == nullptr) {
            for_each_strip(policy, n, start);
        } else {
            for_each_strip(policy, n, go_on, narrow_strip);  // streams must do with little stack
        }
    }

    /// x and h as forward() had and left them, start [states,B,C] the state before, null: at rest;
    /// dspikes, dcharge [B,T,C], where null nothing -> dx [B,T,C] +=, may be null; dw [weights,C] =
    /// the gradients of each channel's learned numbers, summed over the batch.
    template <class T, class Surrogate>
    static void backward(Policy policy, Btc n, N neuron, Surrogate surrogate, Weights<T> w,
                         T const* x, Charged<T const> charged, T const* dspikes, T const* dcharge,
                         AddsTo<T> dx, T* dw, T const* start = nullptr) {
        Back<T, Surrogate> const back{neuron,  surrogate, w,     x,  charged,
                                      dspikes, dcharge,   start, dx, dw};
        // A strip takes all sequences, so that the sums over them have one order.
        for_each_strip(policy, {1, n.B * n.T, n.C}, [=](index, index first, index last) {
            reverse(Strip{n, 0, first, last}, back);
        });
    }

private:
    /// Count numbers for each channel of a strip, those of one batch of channels in one run of
    /// memory: planes would be whole pages apart.
    template <class T, std::size_t Count, index Widest = widest_strip>
    using Channels = std::array<T, Count* static_cast<std::size_t>(Widest)>;

    /// Some channels of sequence b; on the way back it goes through all b.
    struct Strip {
        Btc n;
        index b, first, last;
    };

    template <class T>
    struct Run {
        N neuron;
        Weights<T> w;
        T const* x;
        word* spikes;
        Charged<T> charged;
    };

    template <class T, class Surrogate>
    struct Back {
        N neuron;
        Surrogate surrogate;
        Weights<T> w;
        T const* x;
        Charged<T const> charged;
        T const *dspikes, *dcharge, *start;
        Accumulator<T> dx;
        T* dw;
    };

    /// Several numbers of each channel. The first one of channel c, with which a batch begins, is
    /// at c * each; the next ones are `apart`.
    template <class T>
    struct Planes {
        T* first;
        index apart, each;

        /// Of a strip, the numbers behind the first `skipped` of `count`.
        static Planes of_strip(T* first, std::size_t skipped, std::size_t count) {
            constexpr index width = simd::width<simd::Batch<T, Policy>>;
            return {first + static_cast<index>(skipped) * width, width, static_cast<index>(count)};
        }
        T* at(std::size_t plane, index c) const {
            return first + static_cast<index>(plane) * apart + c * each;
        }
        template <class B, std::size_t Count>
        std::array<B, Count> load(index c, auto lanes) const {
            std::array<B, Count> numbers;
            simd::unrolled<Count>([&](auto p) { numbers[p] = simd::load<B>(at(p, c), lanes); });
            return numbers;
        }
        template <class B, std::size_t Count>
        void store(index c, std::array<B, Count> const& numbers, auto lanes) const {
            simd::unrolled<Count>([&](auto p) { simd::store(at(p, c), numbers[p], lanes); });
        }
    };

    /// What the strip's channels have learned, as loops use it.
    template <class T>
    static void work_out(Strip s, N neuron, Weights<T> w, Planes<T> k) {
        using B = simd::Batch<T, Policy>;
        simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
            std::array<B, weights> learned;
            simd::unrolled<N::weights>([&](auto p) { learned[p] = w[p].template at<B>(c, lanes); });
            k.store(c - s.first, neuron.constants(learned), lanes);
        });
    }

    template <class B>
    static std::array<B, states> rest(N neuron) {
        std::array<B, states> numbers;
        simd::unrolled<N::states>(
            [&](auto p) { numbers[p] = simd::constant<B>(neuron.rest()[p]); });
        return numbers;
    }

    /// A function of its own, so that streams need no stack for a state.
    template <class T>
    [[gnu::noinline]] static void walk_from_rest(Strip s, Run<T> run) {
        using B = simd::Batch<T, Policy>;
        Channels<T, weights + states> numbers;
        auto const k = Planes<T>::of_strip(numbers.data(), 0, weights + states);
        auto const state = Planes<T>::of_strip(numbers.data(), weights, weights + states);
        work_out(s, run.neuron, run.w, k);
        simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
            state.store(c - s.first, rest<B>(run.neuron), lanes);
        });
        walk(s, run, k, state);
    }

    /// Forward along time; `state` is that before and after.
    template <class T>
    static void walk(Strip s, Run<T> run, Planes<T> constants, Planes<T> state) {
        using B = simd::Batch<T, Policy>;
        for (index t = 0; t < s.n.T; ++t) {
            index const row = s.b * s.n.T + t;
            for (index w = s.first; w < s.last; w += bits_per_word) {
                word bits = 0;
                simd::for_each_batch<B>(
                    w, (std::min)(w + bits_per_word, s.last), [&](index c, auto lanes) {
                        index const own = c - s.first;
                        word const fired =
                            step<B>(run, row * s.n.C + c, lanes,
                                    constants.template load<B, weights>(own, lanes), state, own);
                        bits |= simd::in_use(fired, lanes) << (c - w);
                    });
                if (run.spikes != nullptr) {
                    run.spikes[row * Element<bit>::row_units(s.n.C) + w / bits_per_word] = bits;
                }
            }
        }
    }

    /// One step of some channels, whose input is element i; returns who fired.
    template <class B, class T>
    [[gnu::always_inline]] static word step(Run<T> const& run, index i, auto lanes,
                                            std::array<B, weights> const& k, Planes<T> state,
                                            index own) {
        auto const h = run.neuron.charge(k, state.template load<B, states>(own, lanes),
                                         simd::load<B>(run.x + i, lanes));
        simd::unrolled<N::states>([&](auto p) {
            if (run.charged[p] != nullptr) { simd::store(run.charged[p] + i, h[p], lanes); }
        });
        if constexpr (N::spiking) {
            auto const fires = run.neuron.fires(k, h);
            state.store(own, run.neuron.reset(k, h, fires), lanes);
            return simd::to_bits(fires);
        } else {
            state.store(own, h, lanes);
            return 0;
        }
    }

    /// Backward along time through all sequences.
    template <class T, class Surrogate>
    static void reverse(Strip s, Back<T, Surrogate> in) {
        using B = simd::Batch<T, Policy>;
        constexpr std::size_t count = weights + states + weights;
        Channels<T, count> numbers{};
        auto const k = Planes<T>::of_strip(numbers.data(), 0, count);
        auto const after = Planes<T>::of_strip(numbers.data(), weights, count);
        auto const dk = Planes<T>::of_strip(numbers.data(), weights + states, count);
        work_out(s, in.neuron, in.w, k);
        std::array<B, states> nothing;
        nothing.fill(B(0));
        for (s.b = 0; s.b < s.n.B; ++s.b) {
            simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
                after.store(c - s.first, nothing, lanes);
            });
            for (index t = s.n.T - 1; t >= 0; --t) {
                simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
                    step_back<B>(s, in, t, c, lanes, k, after, dk);
                });
            }
        }
        simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
            auto const at_k = k.template load<B, weights>(c - s.first, lanes);
            auto const d = dk.template load<B, weights>(c - s.first, lanes);
            Planes<T>{in.dw, s.n.C, 1}.store(c, in.neuron.through_constants(at_k, d), lanes);
        });
    }

    /// One step of some channels back.
    template <class B, class T, class Surrogate>
    [[gnu::always_inline]] static void step_back(Strip s, Back<T, Surrogate> const& in, index t,
                                                 index c, auto lanes, Planes<T> constants,
                                                 Planes<T> after, Planes<T> sums) {
        index const own = c - s.first;
        index const i = (s.b * s.n.T + t) * s.n.C + c;
        auto const k = constants.template load<B, weights>(own, lanes);
        auto const given = [&](T const* d) { return d ? simd::load<B>(d + i, lanes) : B(0); };
        SeenStep<B, states> const seen{before<B>(s, in, t, c, lanes, k),
                                       charged_at<B>(in, i, lanes), simd::load<B>(in.x + i, lanes),
                                       given(in.dspikes), given(in.dcharge)};
        auto gradient = after.template load<B, states>(own, lanes);
        auto dk = sums.template load<B, weights>(own, lanes);
        bool const wanted = in.dx.data != nullptr;
        B dx = wanted ? simd::found<B>(in.dx, i, lanes) : B(0);
        in.neuron.back(in.surrogate, k, seen, gradient, dk, dx);
        if (wanted) { simd::store(in.dx.data + i, dx, lanes); }
        after.store(own, gradient, lanes);
        sums.store(own, dk, lanes);
    }

    /// The state before step t.
    template <class B, class T, class Surrogate>
    [[gnu::always_inline]] static std::array<B, states>
    before(Strip s, Back<T, Surrogate> const& in, index t, index c, auto lanes,
           std::array<B, weights> const& k) {
        if (t == 0 && in.start == nullptr) { return rest<B>(in.neuron); }
        if (t == 0) {
            Planes<T const> const start{in.start + s.b * s.n.C, s.n.B * s.n.C, 1};
            return start.template load<B, states>(c, lanes);
        }
        auto const h = charged_at<B>(in, (s.b * s.n.T + t - 1) * s.n.C + c, lanes);
        if constexpr (N::spiking) {
            return in.neuron.reset(k, h, in.neuron.fires(k, h));
        } else {
            return h;
        }
    }

    template <class B, class T, class Surrogate>
    [[gnu::always_inline]] static std::array<B, states> charged_at(Back<T, Surrogate> const& in,
                                                                   index i, auto lanes) {
        std::array<B, states> h;
        simd::unrolled<N::states>([&](auto p) { h[p] = simd::load<B>(in.charged[p] + i, lanes); });
        return h;
    }
};

}  // namespace spikelet::kernels
