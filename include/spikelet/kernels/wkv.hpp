// SPDX-License-Identifier: MIT
// The weighted key-value recurrence of RWKV-4 in its numerically stable form (arXiv 2305.13048,
// appendix "Time-Mixing Block as an RNN Cell"; docs/numerics.md, section WKV).
// Per channel, with w = -exp(time_decay) and u = time_first, state p, q scaled by e^o:
//   n = max(o, u+k)   A = e^(o-n)    E = e^(u+k-n)   y = (A p + E v) / (A q + E)
//   n = max(o+w, k)   A = e^(o+w-n)  E = e^(k-n)     p = A p + E v    q = A q + E    o = n
// Backward is one loop in reverse with adjoints P, Q of p, q scaled by e^-r:
//   g = dy / (A q + E)                f = e^(k+r)            A, E, n of the first line above
//   dk += E g (v - y) + f (P v + Q)   dv += E g + f P        du += E g (v - y)
//   dw += e^(w+r+o) (P p + Q q)       m = max(w+r, -n)
//   P = e^(w+r-m) P + e^(-n-m) g      Q = e^(w+r-m) Q - e^(-n-m) g y      r = m
// and dtime_decay = w dw, because w = -exp(time_decay).
//
// Exponentials are half of the instructions and nearly all of the latency: those of a step, two
// forward and four backward, do not need one another and are computed side by side.
#pragma once

#include <array>
#include <limits>

#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet::kernels {

/// The exponent of a state that has seen nothing; p and q are 0 then.
inline constexpr double wkv_rest = -1e38;

/// The weighted average of past values, channel by channel.
template <class Policy>
struct Wkv {
    static_assert(CpuPolicy<Policy>,
                  "wkv: no kernel for this policy; the policies are Serial and OpenMp");

    /// k, v, y [B,T,C]; time_decay, time_first [C]. history [3,B,T,C] receives p, q, o before each
    /// step, may be null. state [3,B,C] holds p, q, o before and after; null: starts at rest.
    template <class T>
    static void forward(Policy policy, Btc n, T const* time_decay, T const* time_first, T const* k,
                        T const* v, T* y, T* history, T* state) {
        Run<T> const run{time_decay, time_first, k, v, y, history};
        if (state == nullptr) {
            for_each_strip(policy, n, [=](index b, index first, index last) {
                average_from_rest(Strip{n, b, first, last}, run);
            });
            return;
        }
        auto const go_on = [=](index b, index first, index last) {
            Strip const strip{n, b, first, last};
            average(strip, decays<narrow_strip>(strip, time_decay).data(), run,
                    Planes<T>{state + b * n.C + first, n.B * n.C});
        };
        for_each_strip(policy, n, go_on, narrow_strip);
    }

    /// v, y, history as forward() had and left them; dy, dk, dv [B,T,C]; dtime_decay, dtime_first
    /// [C], summed over the batch. Adds; each of the four results may be null.
    template <class T>
    static void backward(Policy policy, Btc n, T const* time_decay, T const* time_first, T const* k,
                         T const* v, T const* y, T const* history, T const* dy, AddsTo<T> dk,
                         AddsTo<T> dv, T* dtime_decay, T* dtime_first) {
        Back<T> const back{time_decay, time_first, k,  v,           y,          history,
                           dy,         dk,         dv, dtime_decay, dtime_first};
        // A strip takes all sequences, so that the sum over the batch has one order.
        for_each_strip(policy, {1, n.B * n.T, n.C}, [=](index, index first, index last) {
            reverse(Strip{n, 0, first, last}, back);
        });
    }

private:
    template <class B>
    struct State {
        B p, q, o;
    };

    /// Some channels of sequence b; on the way back it goes through all b.
    struct Strip {
        Btc n;
        index b, first, last;
    };

    template <class T>
    struct Run {
        T const *time_decay, *time_first, *k, *v;
        T *y, *history;
    };

    template <class T>
    struct Back {
        T const *time_decay, *time_first, *k, *v, *y, *history, *dy;
        Accumulator<T> dk, dv;
        T *dtime_decay, *dtime_first;
    };

    /// N numbers for each channel of a strip, one plane after another.
    template <class T, index N, index Widest = widest_strip>
    using Channels = std::array<T, static_cast<std::size_t>(N* Widest)>;

    /// p, q, o of some channels in three planes.
    template <class T>
    struct Planes {
        T* at;
        index apart;

        template <class B>
        State<B> load(index c, auto lanes) const {
            return {simd::load<B>(at + c, lanes), simd::load<B>(at + apart + c, lanes),
                    simd::load<B>(at + 2 * apart + c, lanes)};
        }
        template <class B>
        void store(index c, State<B> const& s, auto lanes) const {
            simd::store(at + c, s.p, lanes);
            simd::store(at + apart + c, s.q, lanes);
            simd::store(at + 2 * apart + c, s.o, lanes);
        }
    };

    /// w = -exp(time_decay) of a strip, finite, so that no gradient of 0 is multiplied by infinity.
    template <index Widest, class T>
    static Channels<T, 1, Widest> decays(Strip s, T const* time_decay) {
        using B = simd::Batch<T, Policy>;
        B const lowest(std::numeric_limits<T>::lowest());
        Channels<T, 1, Widest> w;
        simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
            B const decay = -simd::exp(simd::load<B>(time_decay + c, lanes));
            simd::store(w.data() + (c - s.first), (simd::max)(lowest, decay), lanes);
        });
        return w;
    }

    /// A function of its own, so that streams need no stack for a state.
    template <class T>
    [[gnu::noinline]] static void average_from_rest(Strip s, Run<T> run) {
        using B = simd::Batch<T, Policy>;
        Channels<T, 3> numbers;
        Planes<T> const state{numbers.data(), widest_strip};
        simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
            state.store(c - s.first, at_rest<B>(), lanes);
        });
        auto const w = decays<widest_strip>(s, run.time_decay);
        average(s, w.data(), run, state);
    }

    /// No weight yet; also what the adjoints are behind the last step.
    template <class B>
    static State<B> at_rest() {
        return {B(0), B(0), simd::constant<B>(wkv_rest)};
    }

    /// Forward along time; w of the strip, `state` is that before and after.
    template <class T>
    static void average(Strip s, T const* w, Run<T> run, Planes<T> state) {
        using B = simd::Batch<T, Policy>;
        Planes<T> const history{run.history, s.n.B * s.n.T * s.n.C};
        for (index t = 0; t < s.n.T; ++t) {
            index const row = (s.b * s.n.T + t) * s.n.C;
            simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
                B const key = simd::load<B>(run.k + row + c, lanes);
                B const value = simd::load<B>(run.v + row + c, lanes);
                auto const past = state.template load<B>(c - s.first, lanes);
                if (run.history != nullptr) { history.store(row + c, past, lanes); }
                B const bonus = simd::load<B>(run.time_first + c, lanes) + key;
                B const decayed = past.o + simd::load<B>(w + (c - s.first), lanes);
                auto const [first, second] = simd::exp_at_most_one(
                    std::array{simd::minus_abs(past.o - bonus), simd::minus_abs(decayed - key)});
                auto const share = Shares<B>::of(past.o, bonus, first);
                auto const after = Shares<B>::of(decayed, key, second);
                B const numerator = simd::fma(share.b, value, share.a * past.p);
                B const denominator = simd::fma(share.a, past.q, share.b);
                simd::store(run.y + row + c, numerator / denominator, lanes);
                state.store(c - s.first, advance(past, after, value), lanes);
            });
        }
    }

    /// e^(a-n) and e^(b-n) with n = max(a, b): one of the two is 1, the other e^-|a-b|.
    template <class B>
    struct Shares {
        B n, a, b;

        [[gnu::always_inline]] static Shares of(B const& a, B const& b, B const& smaller) {
            auto const first = a >= b;
            return {(simd::max)(a, b), simd::select(first, B(1), smaller),
                    simd::select(first, smaller, B(1))};
        }
    };

    template <class B>
    [[gnu::always_inline]] static State<B> advance(State<B> const& s, Shares<B> const& share,
                                                   B const& value) {
        return {simd::fma(share.b, value, share.a * s.p), simd::fma(share.a, s.q, share.b),
                share.n};
    }

    /// Backward along time, one sequence after another: the adjoints P, Q, r and the gradients of w
    /// and u of each channel.
    template <class T>
    static void reverse(Strip s, Back<T> in) {
        using B = simd::Batch<T, Policy>;
        auto const w = decays<widest_strip>(s, in.time_decay);
        Channels<T, 3> adjoint;
        Planes<T> const adjoints{adjoint.data(), widest_strip};
        Channels<T, 2> sums;
        T* const dw = sums.data();
        T* const du = dw + widest_strip;
        for (s.b = 0; s.b < s.n.B; ++s.b) {
            simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
                adjoints.store(c - s.first, at_rest<B>(), lanes);
                simd::store(dw + (c - s.first), B(0), lanes);
                simd::store(du + (c - s.first), B(0), lanes);
            });
            for (index t = s.n.T - 1; t >= 0; --t) {
                simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
                    index const own = c - s.first;
                    auto const decay = simd::load<B>(w.data() + own, lanes);
                    step_back<B>(s, in, t, c, lanes, decay, adjoints, dw + own, du + own);
                });
            }
            simd::for_each_batch<B>(s.first, s.last, [&](index c, auto lanes) {
                index const own = c - s.first;
                simd::accumulate(in.dtime_decay, c, simd::load<B>(w.data() + own, lanes),
                                 simd::load<B>(dw + own, lanes), lanes);
                simd::accumulate(in.dtime_first, c, simd::load<B>(du + own, lanes), lanes);
            });
        }
    }

    template <class B, class T>
    static void step_back(Strip s, Back<T> const& in, index t, index c, auto lanes, B const& w,
                          Planes<T> adjoints, T* dw, T* du) {
        index const all = s.n.B * s.n.T * s.n.C;
        index const i = (s.b * s.n.T + t) * s.n.C + c;
        auto const [P, Q, r] = adjoints.template load<B>(c - s.first, lanes);
        Planes<T const> const history{in.history, all};
        State<B> const past = history.template load<B>(i, lanes);
        B const key = simd::load<B>(in.k + i, lanes);
        B const value = simd::load<B>(in.v + i, lanes);
        B const y = simd::load<B>(in.y + i, lanes);
        B const bonus = simd::load<B>(in.time_first + c, lanes) + key;
        B const n = (simd::max)(past.o, bonus);
        B const decayed = w + r;
        // No exponent is above 0 but by a rounding: n >= o >= w + ... + w + k of every past k.
        auto const [first, second, f, carried] = simd::exp_at_most_one(
            std::array{simd::minus_abs(past.o - bonus), simd::minus_abs(decayed + n), key + r,
                       decayed + past.o});
        auto const now = Shares<B>::of(past.o, bonus, first);
        B const g = simd::load<B>(in.dy + i, lanes) / simd::fma(now.a, past.q, now.b);
        B const e = now.b * g;
        B const change = value - y;
        simd::accumulate(in.dk, i, simd::fma(e, change, f * simd::fma(P, value, Q)), lanes);
        simd::accumulate(in.dv, i, simd::fma(f, P, e), lanes);
        simd::accumulate(du, 0, e, change, lanes);
        simd::accumulate(dw, 0, carried, simd::fma(P, past.p, Q * past.q), lanes);
        auto const share = Shares<B>::of(decayed, -n, second);
        B const fresh = share.b * g;
        adjoints.store(
            c - s.first,
            State<B>{simd::fma(share.a, P, fresh), simd::fnma(fresh, y, share.a * Q), share.n},
            lanes);
    }
};

}  // namespace spikelet::kernels
