// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire with graded spikes.
#pragma once

#include <spikelet/autodiff/event_cost.hpp>
#include <spikelet/kernels/integer_lif.hpp>
#include <spikelet/ops/check.hpp>
#include <spikelet/ops/lif.hpp>

namespace spikelet {

/// Graded spikes of kind S of leaky integrate-and-fire neurons driven by x [batch, time, C], of x's
/// shape: at each step as many levels, up to `most` (the most that S holds, unless said otherwise),
/// as the membrane holds thresholds, which are taken off it; a Tape keeps the charge, with a
/// gradient. leak and threshold [C] are learned; the leak is used as it is (docs/numerics.md,
/// "Integer LIF"). While training, every level costs `fan_out` times the price of the Tape. Throws
/// Error if run-time sizes do not fit, or S does not hold so many levels.
template <SpikeKind S, class Ctx, class T, class E, class W, index C, class Surrogate = Arctan>
constexpr Fired<Ctx, E, S> integer_lif(Var<Ctx, T, E> value, BasicParameter<W, C> const& leak,
                                       BasicParameter<W, C> const& threshold,
                                       int most = EventLevels<S>::highest, index fan_out = 0,
                                       Surrogate surrogate = {}) {
    using Scalar = typename Ctx::scalar;
    static_assert(E::rank == 3, "integer_lif: x must be [batch, time, channels]");
    static_assert(or_else(E::last, C) == C,
                  "integer_lif: the last extent of x must equal the number of thresholds");
    auto const x = checked_numbers(value);
    auto const beta = checked_view<Ctx>(leak);
    auto const th = checked_view<Ctx>(threshold);
    check_channels("integer_lif", x, beta.extents[0]);
    check_channels("integer_lif", x, th.extents[0]);
    auto const levels = checked_levels<S>("integer_lif", most);
    using Lif = kernels::IntegerLif<decltype(x.ctx->policy()), S>;
    auto const n = btc(x.extents);
    auto s = x.ctx->template make<S>(x.extents);
    auto const charge = detail::room_for_charge(x);
    Scalar* const state = x.ctx->carry(n.B * n.C, {Scalar(0)});
    auto const* const start = kept_start<Scalar>(*x.ctx, state, n.B * n.C);
    x.ctx->run([&] {
        Lif::forward(x.ctx->policy(), n, levels, beta.value, th.value, x.data, s.data, charge.data,
                     state);
        detail::add_event_cost(s, fan_out);
    });
    x.ctx->record(
        [=] {
            Scalar const cost = cost_of_a_level(*x.ctx, fan_out, n.B * n.T);
            auto* const dcharge = charge.gradient.started() ? charge.gradient.numbers() : nullptr;
            Lif::backward(x.ctx->policy(), n, levels, surrogate, beta.value, th.value, charge.data,
                          s.gradient.numbers(), cost, x.gradient.sum(), beta.gradient, th.gradient,
                          dcharge, start);
        },
        s, charge);
    return {s, charge};
}

}  // namespace spikelet
