// SPDX-License-Identifier: MIT
// Squared rectification above learned thresholds.
#pragma once

#include <spikelet/autodiff/event_cost.hpp>
#include <spikelet/kernels/threshold_relu2.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

namespace detail {

/// Adds what the smoothed events of x cost to what the context has counted, where events have a
/// price.
template <class Relu2, class Ctx, class T, class E>
void add_smoothed_cost(Var<Ctx, T, E> const& x, T const* threshold, index fan_out) {
    if constexpr (Ctx::records) {
        if (!x.ctx->event_cost().has_price()) { return; }
        index const rows = x.extents.rows();
        auto* const sums = x.ctx->template scratch<T>(rows);
        Relu2::smoothed_events(x.ctx->policy(), rows, last_extent(x), x.data, threshold, sums);
        double total = 0;
        for (index r = 0; r < rows; ++r) { total += static_cast<double>(sums[r]); }
        x.ctx->event_cost().add(total, fan_out, rows);
    }
}

}  // namespace detail

/// max(x - threshold, 0)^2: x [..., C], threshold [C] -> the same shape. Like that of relu2(x), its
/// gradient is not needed where it is 0. While training, every
/// active channel, smoothed to sigmoid(x - threshold), costs `fan_out` times the price of the Tape.
/// Throws Error if run-time sizes do not fit.
template <class Ctx, class T, class E, class W, index C>
constexpr auto threshold_relu2(Var<Ctx, T, E> value, BasicParameter<W, C> const& threshold,
                               index fan_out = 0) {
    using Scalar = typename Ctx::scalar;
    static_assert(or_else(E::last, C) == C,
                  "threshold_relu2: the last extent of x must equal the number of thresholds");
    auto const x = checked_numbers(value);
    auto const th = checked_view<Ctx>(threshold);
    check_channels("threshold_relu2", x, th.extents[0]);
    using Relu2 = kernels::ThresholdRelu2<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<Scalar>(x.extents);
    index const rows = x.extents.rows();
    index const channels = th.extents[0];
    y.gradient.need_only_where_active();
    x.ctx->run([&] {
        Relu2::forward(x.ctx->policy(), rows, channels, x.data, th.value, y.data);
        detail::add_smoothed_cost<Relu2>(x, th.value, fan_out);
    });
    x.ctx->record(
        [=] {
            Scalar const cost = cost_of_a_level(*x.ctx, fan_out, rows);
            Relu2::backward(x.ctx->policy(), rows, channels, x.data, th.value, y.gradient.numbers(),
                            cost, x.gradient.sum(), th.gradient);
        },
        y);
    return y;
}

}  // namespace spikelet
