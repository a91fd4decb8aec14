// SPDX-License-Identifier: MIT
// RWKV-4's weighted key-value average of the past.
#pragma once

#include <spikelet/kernels/wkv.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y[t] = weighted mean of v[0..t] with weights e^k, decaying by e^-exp(time_decay) a step; the
/// current step counts e^(time_first + k). k, v [batch, time, channels].
template <class Ctx, class T, class E, index C>
constexpr auto wkv(Var<Ctx, T, E> k, Var<Ctx, T, E> v, BasicParameter<T, C> const& time_decay,
                   BasicParameter<T, C> const& time_first) {
    static_assert(E::rank == 3, "wkv: k and v must be [batch, time, channels]");
    static_assert(or_else(E::last, C) == C,
                  "wkv: the last extent of k must equal the number of decays");
    check_same_shape("wkv", k, v);
    auto const decay = time_decay.view();
    auto const first = time_first.view();
    check_channels("wkv", k, decay.extents[0]);
    using Wkv = kernels::Wkv<decltype(k.ctx->policy())>;
    auto const n = btc(k);
    auto y = k.ctx->template make<T>(k.extents);
    T* const history = k.ctx->template keep<T>(3 * k.extents.size());
    T* const state =
        k.ctx->carry(n.B * n.C, {T(0), T(0), static_cast<T>(kernels::wkv_rest)});  // p, q, o
    k.ctx->run([&] {
        Wkv::forward(k.ctx->policy(), n, decay.value, first.value, k.data, v.data, y.data, history,
                     state);
    });
    k.ctx->record([=] {
        Wkv::backward(k.ctx->policy(), n, decay.value, first.value, k.data, v.data, y.data, history,
                      y.gradient, k.gradient, v.gradient, decay.gradient, first.gradient);
    });
    return y;
}

}  // namespace spikelet
