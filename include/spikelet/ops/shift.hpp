// SPDX-License-Identifier: MIT
// Looking one step back in time, and mixing now with then (RWKV's token shift).
#pragma once

#include <array>
#include <tuple>

#include <spikelet/kernels/mix.hpp>
#include <spikelet/kernels/shift.hpp>
#include <spikelet/kernels/shift_mix.hpp>
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
    x.ctx->record(
        [=] { Shift::backward(x.ctx->policy(), n, y.gradient.numbers(), x.gradient.numbers()); },
        y);
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
    x.ctx->record(
        [=] {
            auto const dx = x.gradient.sum();
            auto const dpast = past.gradient.sum();
            Mix::backward(x.ctx->policy(), rows, channels, x.data, past.data, m.value,
                          y.gradient.numbers(), dx, dpast, m.gradient);
        },
        y);
    return y;
}

/// mix(x, shift(x), m) for every weight m, in one pass and without a shifted copy: x [batch, time,
/// C], each m [C] -> so many [batch, time, C]. Throws Error if run-time sizes do not fit.
template <class Ctx, class T, class E, class W, index... Cs>
constexpr auto shift_mix(Var<Ctx, T, E> value, BasicParameter<W, Cs> const&... weights) {
    using Scalar = typename Ctx::scalar;
    static_assert(E::rank == 3, "shift_mix: x must be [batch, time, channels]");
    static_assert(((or_else(E::last, Cs) == Cs) && ...),
                  "shift_mix: the last extent of x must equal the number of mixing weights");
    constexpr std::size_t N = sizeof...(weights);
    auto const x = checked_numbers(value);
    (check_channels("shift_mix", x, weights.extents()[0]), ...);
    using Mix = kernels::ShiftMix<decltype(x.ctx->policy())>;
    auto const n = btc(x.extents);
    std::array<Var<Ctx, Scalar, E>, N> y{
        ((void)weights, x.ctx->template make<Scalar>(x.extents))...};
    Scalar* const state = x.ctx->carry(n.B * n.C, {Scalar(0)});
    auto const* const start = kept_start<Scalar>(*x.ctx, state, n.B * n.C);
    std::array<Scalar const*, N> const m{checked_view<Ctx>(weights).value...};
    x.ctx->run([&] {
        std::array<Scalar*, N> to{};
        for (std::size_t j = 0; j < N; ++j) { to[j] = y[j].data; }
        Mix::forward(x.ctx->policy(), n, static_cast<Scalar const*>(x.data), m, to, state);
    });
    std::array<Scalar*, N> const dm{checked_view<Ctx>(weights).gradient...};
    auto const back = [=] {
        std::array<Scalar const*, N> dy{};
        for (std::size_t j = 0; j < N; ++j) { dy[j] = y[j].gradient.numbers(); }
        Mix::backward(x.ctx->policy(), n, static_cast<Scalar const*>(x.data), m, dy,
                      x.gradient.sum(), dm, start);
    };
    std::apply([&](auto const&... result) { x.ctx->record(back, result...); }, y);
    return y;
}

}  // namespace spikelet
