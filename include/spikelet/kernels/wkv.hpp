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
#pragma once

#include <array>

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
        using B = simd::Batch<T, Policy>;
        index const all = n.B * n.T * n.C;
        for_each_strip(policy, n, [=](index b, index first, index last) {
            simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                B const w = -simd::exp(simd::load<B>(time_decay + c, lanes));
                B const u = simd::load<B>(time_first + c, lanes);
                State<B> s = start<B>(state, n, b, c, lanes);
                for (index t = 0; t < n.T; ++t) {
                    index const i = (b * n.T + t) * n.C + c;
                    B const key = simd::load<B>(k + i, lanes);
                    B const value = simd::load<B>(v + i, lanes);
                    if (history != nullptr) {
                        simd::store(history + i, s.p, lanes);
                        simd::store(history + all + i, s.q, lanes);
                        simd::store(history + 2 * all + i, s.o, lanes);
                    }
                    Read<B> const now = read(s, u + key);
                    B const numerator = simd::fma(now.E, value, now.A * s.p);
                    simd::store(y + i, numerator / now.denominator, lanes);
                    s = advance(s, w, key, value);
                }
                if (state != nullptr) { finish(s, state, n, b, c, lanes); }
            });
        });
    }

    /// v, y, history as forward() had and left them; dy, dk, dv [B,T,C]; dtime_decay, dtime_first
    /// [C], summed over the batch. Adds; each of the four results may be null.
    template <class T>
    static void backward(Policy policy, Btc n, T const* time_decay, T const* time_first, T const* k,
                         T const* v, T const* y, T const* history, T const* dy, T* dk, T* dv,
                         T* dtime_decay, T* dtime_first) {
        using B = simd::Batch<T, Policy>;
        // One sequence after another, so that the sum over the batch has one order.
        for (index b = 0; b < n.B; ++b) {
            for_each_strip(policy, {1, n.T, n.C}, [=](index, index first, index last) {
                simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                    B const w = -simd::exp(simd::load<B>(time_decay + c, lanes));
                    B const u = simd::load<B>(time_first + c, lanes);
                    auto const [dw, du] =
                        reverse<B>(n, b, c, lanes, w, u, {k, v, y, history, dy}, dk, dv);
                    simd::accumulate(dtime_decay, c, w, dw, lanes);
                    simd::accumulate(dtime_first, c, du, lanes);
                });
            });
        }
    }

private:
    template <class B>
    struct State {
        B p, q, o;
    };

    /// Weights of the past (A) and of the current step (E), scaled by e^-n, and their sum.
    template <class B>
    struct Read {
        B n, A, E, denominator;
    };

    template <class T>
    struct Inputs {
        T const *k, *v, *y, *history, *dy;
    };

    template <class B, class T>
    static State<B> start(T const* state, Btc n, index b, index c, auto lanes) {
        if (state == nullptr) { return {B(0), B(0), B(static_cast<T>(wkv_rest))}; }
        index const plane = n.B * n.C;
        T const* const s = state + b * n.C + c;
        return {simd::load<B>(s, lanes), simd::load<B>(s + plane, lanes),
                simd::load<B>(s + 2 * plane, lanes)};
    }

    template <class B, class T>
    static void finish(State<B> const& end, T* state, Btc n, index b, index c, auto lanes) {
        index const plane = n.B * n.C;
        T* const s = state + b * n.C + c;
        simd::store(s, end.p, lanes);
        simd::store(s + plane, end.q, lanes);
        simd::store(s + 2 * plane, end.o, lanes);
    }

    template <class B>
    static Read<B> read(State<B> const& s, B const& bonus) {
        B const n = simd::max(s.o, bonus);
        B const A = simd::exp(s.o - n);
        B const E = simd::exp(bonus - n);
        return {n, A, E, simd::fma(A, s.q, E)};
    }

    template <class B>
    static State<B> advance(State<B> const& s, B const& w, B const& key, B const& value) {
        B const decayed = s.o + w;
        B const n = simd::max(decayed, key);
        B const A = simd::exp(decayed - n);
        B const E = simd::exp(key - n);
        return {simd::fma(E, value, A * s.p), simd::fma(A, s.q, E), n};
    }

    template <class B>
    struct ParameterGradients {
        B dw, du;
    };

    template <class B, class T>
    static ParameterGradients<B> reverse(Btc n, index b, index c, auto lanes, B const& w,
                                         B const& u, Inputs<T> in, T* dk, T* dv) {
        index const all = n.B * n.T * n.C;
        B P(0);
        B Q(0);
        B r(static_cast<T>(wkv_rest));
        ParameterGradients<B> sum{B(0), B(0)};
        for (index t = n.T - 1; t >= 0; --t) {
            index const i = (b * n.T + t) * n.C + c;
            B const key = simd::load<B>(in.k + i, lanes);
            B const value = simd::load<B>(in.v + i, lanes);
            B const y = simd::load<B>(in.y + i, lanes);
            State<B> const s{simd::load<B>(in.history + i, lanes),
                             simd::load<B>(in.history + all + i, lanes),
                             simd::load<B>(in.history + 2 * all + i, lanes)};
            Read<B> const now = read(s, u + key);
            B const g = simd::load<B>(in.dy + i, lanes) / now.denominator;
            B const e = now.E * g;
            B const f = simd::exp(key + r);
            B const change = value - y;
            B const dkey = simd::fma(e, change, f * simd::fma(P, value, Q));
            simd::accumulate(dk, i, dkey, lanes);
            simd::accumulate(dv, i, simd::fma(f, P, e), lanes);
            sum.du = simd::fma(e, change, sum.du);
            B const past = simd::fma(P, s.p, Q * s.q);
            sum.dw = simd::fma(simd::exp(w + r + s.o), past, sum.dw);
            B const m = simd::max(w + r, -now.n);
            B const keep = simd::exp(w + r - m);
            B const fresh = simd::exp(-now.n - m) * g;
            P = simd::fma(keep, P, fresh);
            Q = simd::fnma(fresh, y, keep * Q);
            r = m;
        }
        return sum;
    }
};

}  // namespace spikelet::kernels
