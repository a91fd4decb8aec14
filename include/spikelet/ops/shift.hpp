// SPDX-License-Identifier: MIT
// Looking one step back in time, and mixing now with then (RWKV's token shift).
#pragma once

#include <spikelet/kernels/mix.hpp>
#include <spikelet/kernels/shift.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y[t] = x[t-1], x and y [batch, time, channels]; before the first step stands what the context
/// carries, or zero.
template <class Ctx, class T, class E>
constexpr auto shift(Var<Ctx, T, E> value) {
    using Scalar = typename Ctx::scalar;
    static_assert(E::rank == 3, "shift: x must be [batch, time, channels]");
    auto const x = checked_numbers(value);
    using Shift = kernels::Shift<decltype(x.ctx->policy())>;
    auto const n = btc(x.extents);
    auto y = x.ctx->template make<Scalar>(x.extents);
    Scalar* const state = x.ctx->carry(n.B * n.C, {Scalar(0)});
    x.ctx->run([&] { Shift::forward(x.ctx->policy(), n, x.data, y.data, state); });
    x.ctx->record([=] { Shift::backward(x.ctx->policy(), n, y.gradient, x.gradient); });
    return y;
}

/// x m + past (1 - m), one weight m per channel: x, past [..., C], m [C] -> [..., C] (RWKV, arXiv
/// 2305.13048, section "Time-Mixing"). Throws Error if run-time sizes do not fit.
template <class Ctx, class T, class E, class U, class F, class W, index C>
constexpr auto mix(Var<Ctx, T, E> now, Var<Ctx, U, F> before, BasicParameter<W, C> const& weight) {
    static_assert(or_else(E::last, C) == C,
                  "mix: the last extent of x must equal the number of mixing weights");
    auto const x = checked_numbers(now);
    auto const past = checked_numbers(before);
    auto const m = checked_view<Ctx>(weight);
    auto const shape = common_shape("mix", x, past);
    check_channels("mix", x, m.extents[0]);
    using Mix = kernels::Mix<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<typename Ctx::scalar>(shape);
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
