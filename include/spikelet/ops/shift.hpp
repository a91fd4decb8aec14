// SPDX-License-Identifier: MIT
// Looking one step back in time, and mixing now with then (RWKV's token shift).
#pragma once

#include <spikelet/kernels/mix.hpp>
#include <spikelet/kernels/shift.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y[t] = x[t-1]; before the first step stands what the context carries, or zero.
template <class Ctx, class T, class E>
constexpr auto shift(Var<Ctx, T, E> x) {
    static_assert(E::rank == 3, "shift: x must be [batch, time, channels]");
    using Shift = kernels::Shift<decltype(x.ctx->policy())>;
    auto const n = btc(x);
    auto y = x.ctx->template make<T>(x.extents);
    T* const state = x.ctx->carry(n.B * n.C, {T(0)});
    x.ctx->run([&] { Shift::forward(x.ctx->policy(), n, x.data, y.data, state); });
    x.ctx->record([=] { Shift::backward(x.ctx->policy(), n, y.gradient, x.gradient); });
    return y;
}

/// x m + past (1 - m), one weight m per channel.
template <class Ctx, class T, class E, index C>
constexpr auto mix(Var<Ctx, T, E> x, Var<Ctx, T, E> past, BasicParameter<T, C> const& weight) {
    static_assert(or_else(E::last, C) == C,
                  "mix: the last extent of x must equal the number of mixing weights");
    auto const m = weight.view();
    check_same_shape("mix", x, past);
    check_channels("mix", x, m.extents[0]);
    using Mix = kernels::Mix<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<T>(x.extents);
    index const rows = y.extents.rows();
    index const channels = m.extents[0];
    x.ctx->run(
        [&] { Mix::forward(x.ctx->policy(), rows, channels, x.data, past.data, m.value, y.data); });
    x.ctx->record([=] {
        Mix::backward(x.ctx->policy(), rows, channels, x.data, past.data, m.value, y.gradient,
                      x.gradient, past.gradient, m.gradient);
    });
    return y;
}

}  // namespace spikelet
