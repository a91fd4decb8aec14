// SPDX-License-Identifier: MIT
// RWKV-4's weighted key-value average of the past.
#pragma once

#include <spikelet/kernels/wkv.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y[t] = weighted mean of v[0..t] with weights e^k, decaying by e^-exp(time_decay) a step; the
/// current step counts e^(time_first + k). k, v, y [batch, time, C]; time_decay, time_first [C]
/// (RWKV, arXiv 2305.13048; docs/numerics.md, section WKV). Throws Error if run-time sizes do not
/// fit.
template <class Ctx, class T, class E, class U, class F, class W, index C>
constexpr auto wkv(Var<Ctx, T, E> keys, Var<Ctx, U, F> values,
                   BasicParameter<W, C> const& time_decay, BasicParameter<W, C> const& time_first) {
    using Scalar = typename Ctx::scalar;
    static_assert(E::rank == 3, "wkv: k and v must be [batch, time, channels]");
    static_assert(or_else(E::last, C) == C,
                  "wkv: the last extent of k must equal the number of decays");
    auto const k = checked_numbers(keys);
    auto const v = checked_numbers(values);
    auto const shape = common_shape("wkv", k, v);
    auto const decay = checked_view<Ctx>(time_decay);
    auto const first = checked_view<Ctx>(time_first);
    check_channels("wkv", k, decay.extents[0]);
    check_channels("wkv", k, first.extents[0]);
    using Wkv = kernels::Wkv<decltype(k.ctx->policy())>;
    auto const n = btc(shape);
    auto y = k.ctx->template make<Scalar>(shape);
    Scalar* const history = k.ctx->template keep<Scalar>(3 * shape.size());
    Scalar* const state = k.ctx->carry(
        n.B * n.C, {Scalar(0), Scalar(0), static_cast<Scalar>(kernels::wkv_rest)});  // p, q, o
    k.ctx->run([&] {
        Wkv::forward(k.ctx->policy(), n, decay.value, first.value, k.data, v.data, y.data, history,
                     state);
    });
    k.ctx->record(
        [=] {
            auto const dk = k.gradient.sum();
            auto const dv = v.gradient.sum();
            Wkv::backward(k.ctx->policy(), n, decay.value, first.value, k.data, v.data, y.data,
                          history, y.gradient.numbers(), dk, dv, decay.gradient, first.gradient);
        },
        y);
    return y;
}

}  // namespace spikelet
