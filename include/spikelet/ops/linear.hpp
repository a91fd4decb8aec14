// SPDX-License-Identifier: MIT
// y = x W with W [in, out]: one active input is one contiguous row of W. Numbers go to the dense
// kernel, spikes of any kind to the one that adds the active rows.
// Backward: dx += dy W^T,  dW += x^T dy.
#pragma once

#include <spikelet/kernels/spike_matmul.hpp>
#include <spikelet/ops/check.hpp>
#include <spikelet/ops/dense_products.hpp>

namespace spikelet {

/// x [..., in] of numbers or spikes, w [in, out] -> [..., out]. Throws Error if run-time sizes do
/// not fit.
template <class Ctx, class U, class E, class Scalar, index In, index Out>
constexpr auto linear(Var<Ctx, U, E> value, ParameterView<Scalar, In, Out> w) {
    static_assert(or_else(E::last, In) == In,
                  "linear: the last extent of x must equal the weight's inputs");
    auto const x = checked_operand(value);
    check_channels("linear", x, w.extents[0]);
    using Policy = decltype(x.ctx->policy());
    static_assert(!counts_work<Policy> || !std::is_same_v<U, bit> || std::is_same_v<Scalar, float>,
                  "counting: products of plain spikes are counted where numbers are float");
    DenseProducts<Ctx> const dense(*x.ctx);
    auto const product = [&] {
        if constexpr (SpikeKind<U>) {
            return kernels::SpikeMatmul<Policy, U>{};
        } else {
            return dense;
        }
    }();
    auto y = x.ctx->template make<Scalar>(x.extents.with_last(Size<Out>(w.extents[1])));
    kernels::MatmulSize const n{x.extents.rows(), w.extents[0], w.extents[1]};
    check_counted<Ctx>(n.rows);
    index ahead = dense.workspace(n);
    index back = ahead;
    if constexpr (SpikeKind<U>) {
        ahead = product.template forward_workspace<Scalar>(n);
        back = (std::max)(back, product.template backward_workspace<Scalar>(n));
    }
    index const room = Ctx::records ? (std::max)(ahead, back) : ahead;
    auto* const workspace = x.ctx->template scratch<Scalar>(room);
    x.ctx->run([&] {
        if constexpr (counts_work<Policy>) {
            product.one_row(x.ctx->policy(), n, x.data, w.value, y.data);
        } else {
            product.forward(x.ctx->policy(), n, x.data, w.value, y.data, workspace);
        }
    });
    x.ctx->record(
        [=] {
            auto* const again = x.ctx->template scratch<Scalar>(room);
            auto* const dy = y.gradient.numbers();
            dense.backward_input(x.ctx->policy(), n, dy, w.value, x, again);
            product.backward_weight(x.ctx->policy(), n, x.data, dy, w.gradient, again);
        },
        y);
    return y;
}

/// The same with a weight [in, out]. Throws Error also where it has no numbers yet.
template <class Ctx, class U, class E, class T, index In, index Out>
constexpr auto linear(Var<Ctx, U, E> value, BasicParameter<T, In, Out> const& weight) {
    return linear(value, checked_view<Ctx>(weight));
}

}  // namespace spikelet
