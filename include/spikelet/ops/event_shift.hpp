// SPDX-License-Identifier: MIT
// Token shift that selects events instead of mixing numbers.
#pragma once

#include <array>
#include <tuple>

#include <spikelet/kernels/event_shift.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// For every weight m [C] the events of this step in channels where m >= 1/2, and those of the step
/// before elsewhere: s [batch, time, C] of any kind of spikes -> so many of the same. Gradients
/// pass the choice straight through. Before the first step stands what the context carries, or no
/// events. Throws Error if run-time sizes do not fit.
template <class Ctx, class T, class E, class W, index... Cs>
constexpr auto event_shift(Var<Ctx, T, E> events, BasicParameter<W, Cs> const&... weights) {
    using Scalar = typename Ctx::scalar;
    static_assert(E::rank == 3, "event_shift: s must be [batch, time, channels]");
    static_assert(((or_else(E::last, Cs) == Cs) && ...),
                  "event_shift: the last extent of s must equal the number of weights");
    constexpr std::size_t N = sizeof...(weights);
    auto const s = checked_spikes(events);
    using S = typename decltype(s)::element;
    (check_channels("event_shift", s, weights.extents()[0]), ...);
    using Shift = kernels::EventShift<decltype(s.ctx->policy()), S>;
    auto const n = btc(s.extents);
    std::array<Var<Ctx, S, E>, N> y{((void)weights, s.ctx->template make<S>(s.extents))...};
    index const units = Shift::template state_units<Scalar>(n.C);
    Scalar* const state = s.ctx->carry(n.B * units, {Scalar(0)});
    auto const* const start = kept_start<word>(*s.ctx, state, n.B * units);
    std::array<Scalar const*, N> const m{checked_view<Ctx>(weights).value...};
    s.ctx->run([&] {
        std::array<word*, N> to{};
        for (std::size_t j = 0; j < N; ++j) { to[j] = y[j].data; }
        Shift::forward(s.ctx->policy(), n, s.data, m, to, state);
    });
    std::array<Scalar*, N> const dm{checked_view<Ctx>(weights).gradient...};
    auto const back = [=] {
        std::array<Scalar const*, N> dy{};
        for (std::size_t j = 0; j < N; ++j) { dy[j] = y[j].gradient.numbers(); }
        Shift::backward(s.ctx->policy(), n, s.data, m, dy, s.gradient.sum(), dm, start);
    };
    std::apply([&](auto const&... result) { s.ctx->record(back, result...); }, y);
    return y;
}

}  // namespace spikelet
