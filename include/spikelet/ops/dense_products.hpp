// SPDX-License-Identifier: MIT
// The dense products of an op, as exact as its context wants them.
#pragma once

#include <type_traits>
#include <utility>

#include <spikelet/autodiff/tape_options.hpp>
#include <spikelet/autodiff/var.hpp>
#include <spikelet/kernels/bf16_matmul.hpp>
#include <spikelet/kernels/matmul.hpp>

namespace spikelet {

/// kernels::Matmul, or kernels::Bf16Matmul where a context of float asks for it; a context that has
/// no products() knows only the first.
template <class Ctx>
class DenseProducts {
    using Scalar = typename Ctx::scalar;
    using Policy = decltype(std::declval<Ctx const&>().policy());
    using Exact = kernels::Matmul<Policy>;
    using Rounded = kernels::Bf16Matmul<Policy>;
    using Size = kernels::MatmulSize;
    static constexpr bool may_round = std::is_same_v<Scalar, float> && requires(Ctx const& ctx) {
        ctx.products();
    };

public:
    /// As exact as this context wants them.
    explicit constexpr DenseProducts([[maybe_unused]] Ctx const& ctx) {
        if constexpr (may_round) { products_ = ctx.products(); }
    }

    /// Units of Scalar of scratch that the others may use.
    [[nodiscard]] constexpr index workspace(Size n) const {
        return with_kernel([&](auto kernel) { return kernel.workspace(n); });
    }

    /// y = x W.
    void forward(Policy policy, Size n, Scalar const* x, Scalar const* w, Scalar* y,
                 Scalar* workspace) const {
        with_kernel([&](auto kernel) { kernel.forward(policy, n, x, w, y, workspace); });
    }

    /// y = x W of one row.
    void one_row(Policy policy, Size n, Scalar const* x, Scalar const* w, Scalar* y) const {
        Exact::one_row(policy, n, x, w, y);
    }

    /// dx += dy W^T, dx being x's gradient; where x is 0 only if it is needed there.
    template <class U, class E>
    void backward_input(Policy policy, Size n, Scalar const* dy, Scalar const* w,
                        Var<Ctx, U, E> const& x, Scalar* workspace) const {
        auto const dx = x.gradient;
        with_kernel([&](auto kernel) {
            if constexpr (requires {
                              kernel.backward_active_input(policy, n, dy, w, x.data, dx.sum(),
                                                           workspace);
                          }) {
                if (dx.needed_only_where_active()) {
                    kernel.backward_active_input(policy, n, dy, w, x.data, dx.sum(), workspace);
                    return;
                }
            }
            kernel.backward_input(policy, n, dy, w, dx.sum(), workspace);
        });
    }

    /// dw += x^T dy.
    void backward_weight(Policy policy, Size n, Scalar const* x, Scalar const* dy, Scalar* dw,
                         Scalar* workspace) const {
        with_kernel([&](auto kernel) { kernel.backward_weight(policy, n, x, dy, dw, workspace); });
    }

private:
    template <class F>
    constexpr auto with_kernel(F&& f) const {
        if constexpr (may_round) {
            if (products_ == Products::bf16) { return f(Rounded{}); }
        }
        return f(Exact{});
    }

    Products products_ = Products::f32;
};

}  // namespace spikelet
