// SPDX-License-Identifier: MIT
// Rows scaled to a mean square of one.
#pragma once

#include <spikelet/kernels/rms_norm.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y = x / sqrt(mean(x^2) + eps), the mean over the last axis: x [..., C] -> the same shape (Zhang
/// & Sennrich, arXiv 1910.07467, without a gain).
template <class Ctx, class T, class E>
constexpr auto rms_norm(Var<Ctx, T, E> value, double eps = 1e-6) {
    using Scalar = typename Ctx::scalar;
    auto const x = checked_numbers(value);
    using RmsNorm = kernels::RmsNorm<decltype(x.ctx->policy())>;
    auto y = x.ctx->template make<Scalar>(x.extents);
    index const rows = y.extents.rows();
    index const channels = last_extent(x);
    Scalar* const scales = x.ctx->template keep<Scalar>(rows);
    x.ctx->run([&] {
        RmsNorm::forward(x.ctx->policy(), rows, channels, static_cast<Scalar>(eps), x.data, y.data,
                         scales);
    });
    x.ctx->record(
        [=] {
            RmsNorm::backward(x.ctx->policy(), rows, channels, y.data, scales, y.gradient.numbers(),
                              x.gradient.sum());
        },
        y);
    return y;
}

}  // namespace spikelet
