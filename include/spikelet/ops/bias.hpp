// SPDX-License-Identifier: MIT
// A vector added to every row.
#pragma once

#include <spikelet/kernels/bias.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y = x + b for every row: x [..., C], b [C] -> [..., C]. Throws Error if run-time sizes do not
/// fit.
template <class Ctx, class T, class E, class W, index C>
constexpr auto add_bias(Var<Ctx, T, E> value, BasicParameter<W, C> const& bias) {
    static_assert(or_else(E::last, C) == C,
                  "add_bias: the last extent of x must equal the number of biases");
    auto const x = checked_numbers(value);
    auto const b = checked_view<Ctx>(bias);
    check_channels("add_bias", x, b.extents[0]);
    using Bias = kernels::Bias<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<typename Ctx::scalar>(x.extents);
    index const rows = y.extents.rows();
    index const channels = b.extents[0];
    x.ctx->run([&] { Bias::forward(x.ctx->policy(), rows, channels, x.data, b.value, y.data); });
    x.ctx->record(
        [=] {
            Bias::backward(x.ctx->policy(), rows, channels, y.gradient.numbers(), x.gradient.sum(),
                           b.gradient);
        },
        y);
    return y;
}

}  // namespace spikelet
