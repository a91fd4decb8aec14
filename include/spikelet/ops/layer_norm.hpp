// SPDX-License-Identifier: MIT
// Layer normalisation over the channels.
#pragma once

#include <spikelet/kernels/layer_norm.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y = (x - mean) / sqrt(var + eps) * weight + offset, mean and biased variance over the last axis.
template <class Ctx, class T, class E, index C>
constexpr auto layer_norm(Var<Ctx, T, E> x, BasicParameter<T, C> const& weight,
                          BasicParameter<T, C> const& offset, double eps = 1e-5) {
    static_assert(or_else(E::last, C) == C,
                  "layer_norm: the last extent of x must equal the layer's channels");
    auto const gain = weight.view();
    auto const bias = offset.view();
    check_channels("layer_norm", x, gain.extents[0]);
    using LayerNorm = kernels::LayerNorm<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<T>(x.extents);
    index const rows = y.extents.rows();
    index const channels = gain.extents[0];
    T* const statistics = x.ctx->template keep<T>(2 * rows);
    x.ctx->run([&] {
        LayerNorm::forward(x.ctx->policy(), rows, channels, static_cast<T>(eps), x.data, gain.value,
                           bias.value, y.data, statistics);
    });
    x.ctx->record([=] {
        LayerNorm::backward(x.ctx->policy(), rows, channels, x.data, gain.value, statistics,
                            y.gradient, x.gradient, gain.gradient, bias.gradient);
    });
    return y;
}

}  // namespace spikelet
