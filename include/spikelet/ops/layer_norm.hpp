// SPDX-License-Identifier: MIT
// Layer normalisation over the channels.
#pragma once

#include <spikelet/kernels/layer_norm.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y = (x - mean) / sqrt(var + eps) * weight + offset, mean and biased variance over the last axis:
/// x [..., C], weight and offset [C] -> [..., C] (Ba, Kiros & Hinton, arXiv 1607.06450). Throws
/// Error if run-time sizes do not fit.
template <class Ctx, class T, class E, class W, index C>
constexpr auto layer_norm(Var<Ctx, T, E> value, BasicParameter<W, C> const& weight,
                          BasicParameter<W, C> const& offset, double eps = 1e-5) {
    using Scalar = typename Ctx::scalar;
    static_assert(or_else(E::last, C) == C,
                  "layer_norm: the last extent of x must equal the layer's channels");
    auto const x = checked_numbers(value);
    auto const gain = checked_view<Ctx>(weight);
    auto const bias = checked_view<Ctx>(offset);
    check_channels("layer_norm", x, gain.extents[0]);
    check_channels("layer_norm", x, bias.extents[0]);
    using LayerNorm = kernels::LayerNorm<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<Scalar>(x.extents);
    index const rows = y.extents.rows();
    index const channels = gain.extents[0];
    Scalar* const statistics = x.ctx->template keep<Scalar>(2 * rows);
    x.ctx->run([&] {
        LayerNorm::forward(x.ctx->policy(), rows, channels, static_cast<Scalar>(eps), x.data,
                           gain.value, bias.value, y.data, statistics);
    });
    x.ctx->record(
        [=] {
            LayerNorm::backward(x.ctx->policy(), rows, channels, x.data, gain.value, statistics,
                                y.gradient.numbers(), x.gradient.sum(), gain.gradient,
                                bias.gradient);
        },
        y);
    return y;
}

}  // namespace spikelet
