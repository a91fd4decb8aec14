// SPDX-License-Identifier: MIT
// Graded spikes without memory, with a learned threshold for each channel.
#pragma once

#include <spikelet/autodiff/event_cost.hpp>
#include <spikelet/kernels/event_node.hpp>
#include <spikelet/kernels/surrogate.hpp>
#include <spikelet/ops/check.hpp>
#include <spikelet/ops/fired.hpp>

namespace spikelet {

/// Graded spikes of kind S, as many as thresholds are passed, up to `most` (the most that S holds,
/// unless said otherwise): x [..., C], threshold [C] -> events of x's shape and, where the context
/// keeps it, x in units of thresholds (docs/numerics.md, "Events"). While training, every level
/// costs `fan_out` times the price of the Tape. Throws Error if run-time sizes do not fit, or S
/// does not hold so many levels.
template <SpikeKind S, class Ctx, class T, class E, class W, index C, class Surrogate = Arctan>
constexpr Fired<Ctx, E, S> event_node(Var<Ctx, T, E> value, BasicParameter<W, C> const& threshold,
                                      int most = EventLevels<S>::highest, index fan_out = 0,
                                      Surrogate surrogate = {}) {
    using Scalar = typename Ctx::scalar;
    static_assert(or_else(E::last, C) == C,
                  "event_node: the last extent of x must equal the number of thresholds");
    auto const x = checked_numbers(value);
    auto const th = checked_view<Ctx>(threshold);
    check_channels("event_node", x, th.extents[0]);
    auto const levels = checked_levels<S>("event_node", most);
    using Kernel = kernels::EventNode<decltype(x.ctx->policy()), S>;
    auto s = x.ctx->template make<S>(x.extents);
    index const rows = x.extents.rows();
    index const channels = th.extents[0];
    Scalar* const u = x.ctx->template keep<Scalar>(x.extents.size());
    x.ctx->run([&] {
        Kernel::forward(x.ctx->policy(), rows, channels, levels, x.data, th.value, s.data, u);
        detail::add_event_cost(s, fan_out);
    });
    x.ctx->record(
        [=] {
            Scalar const cost = cost_of_a_level(*x.ctx, fan_out, rows);
            Kernel::backward(x.ctx->policy(), rows, channels, levels, surrogate, u, th.value,
                             s.gradient.numbers(), cost, x.gradient.sum(), th.gradient);
        },
        s);
    return {s, {x.ctx, u, nullptr, x.extents}};
}

}  // namespace spikelet
