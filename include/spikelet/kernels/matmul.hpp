// SPDX-License-Identifier: MIT
// The dense linear map, x [M,K], w [K,N], y [M,N]:
//   forward           y = x W
//   backward_input    dx += dy W^T
//   backward_weight   dw += x^T dy
// Every element is one chain of fma in ascending order, over K from 0 for y, over N from the old
// dx, over M from the old dw. Its bits depend neither on the number of rows nor on the threads.
#pragma once

#include <spikelet/kernels/blocked_product.hpp>
#include <spikelet/kernels/few_rows.hpp>

namespace spikelet::kernels {

/// M rows, K inputs, N outputs.
struct MatmulSize {
    index rows, inputs, outputs;
};

/// Dense matrix products on a processor.
template <class Policy>
struct Matmul {
    static_assert(CpuPolicy<Policy>,
                  "matmul: no kernel for this policy; the policies are Serial and OpenMp");

    /// With fewer rows packing the weights does not pay.
    static constexpr index packed_rows = 32;

    /// Units of T of scratch that forward and backward may use; 0 for few rows.
    static constexpr index workspace(MatmulSize n) {
        using Product = BlockedProduct<float, Policy>;
        return n.rows < packed_rows ? 0
                                    : std::max({Product::workspace({n.rows, n.inputs, n.outputs}),
                                                Product::workspace({n.rows, n.outputs, n.inputs}),
                                                Product::workspace({n.inputs, n.rows, n.outputs})});
    }

    /// y [M,N] = x [M,K] W [K,N].
    template <class T>
    static void forward(Policy policy, MatmulSize n, T const* x, T const* w, T* y, T* workspace) {
        if (n.rows < packed_rows) {
            FewRows<T, Policy>::forward(policy, n.rows, n.inputs, n.outputs, x, w, y);
        } else {
            BlockedProduct<T, Policy>::run(policy, {n.rows, n.inputs, n.outputs},
                                           ByRows<T>{x, n.inputs}, ByRows<T>{w, n.outputs},
                                           Start::zero, y, workspace);
        }
    }

    /// dx [M,K] += dy [M,N] W^T; dx may be null.
    template <class T>
    static void backward_input(Policy policy, MatmulSize n, T const* dy, T const* w, T* dx,
                               T* workspace) {
        if (dx == nullptr) { return; }
        if (n.rows < packed_rows) {
            FewRows<T, Policy>::backward_input(policy, n.rows, n.inputs, n.outputs, dy, w, dx);
        } else {
            BlockedProduct<T, Policy>::run(policy, {n.rows, n.outputs, n.inputs},
                                           ByRows<T>{dy, n.outputs}, ByColumns<T>{w, n.outputs},
                                           Start::result, dx, workspace);
        }
    }

    /// dw [K,N] += x^T dy; dw may be null.
    template <class T>
    static void backward_weight(Policy policy, MatmulSize n, T const* x, T const* dy, T* dw,
                                T* workspace) {
        if (dw == nullptr) { return; }
        if (n.rows < packed_rows) {
            FewRows<T, Policy>::backward_weight(policy, n.rows, n.inputs, n.outputs, x, dy, dw);
        } else {
            BlockedProduct<T, Policy>::run(policy, {n.inputs, n.rows, n.outputs},
                                           ByColumns<T>{x, n.inputs}, ByRows<T>{dy, n.outputs},
                                           Start::result, dw, workspace);
        }
    }
};

}  // namespace spikelet::kernels
