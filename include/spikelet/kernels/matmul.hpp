// SPDX-License-Identifier: MIT
// The dense linear map, x [M,K], w [K,N], y [M,N]:
//   forward           y = x W
//   backward_input    dx += dy W^T
//   backward_weight   dw += x^T dy
// Every element is one chain of fma in ascending order, over K from 0 for y, over N from the old
// dx, over M from the old dw. Its bits depend neither on the number of rows nor on the threads; for
// x with many exact zeros see sparse_rows.hpp (few rows) and sparse_product.hpp. Where only that is
// wanted, dx may be had where x is not 0, in an order of its own: sampled_product.hpp.
#pragma once

#include <spikelet/core/accumulator.hpp>
#include <spikelet/kernels/blocked_product.hpp>
#include <spikelet/kernels/few_rows.hpp>
#include <spikelet/kernels/sampled_product.hpp>
#include <spikelet/kernels/sparse_product.hpp>
#include <spikelet/kernels/sparse_rows.hpp>

namespace spikelet::kernels {

/// M rows, K inputs, N outputs.
struct MatmulSize {
    index rows;     ///< M
    index inputs;   ///< K
    index outputs;  ///< N
};

/// y = x W and dw = x^T dy as products.
constexpr ProductSize of_y(MatmulSize n) { return {n.rows, n.inputs, n.outputs}; }
/// dw [K, N] of x^T [K, M] and dy [M, N].
constexpr ProductSize of_dw(MatmulSize n) { return {n.inputs, n.rows, n.outputs}; }

/// Units of T that hold so many bytes.
template <class T>
constexpr index units_of(index bytes) {
    constexpr auto each = static_cast<index>(sizeof(T));
    return (bytes + each - 1) / each;
}

/// The three products in the Arithmetic of T, by the kernel that fits the rows.
template <class T, class Policy>
class LinearProducts {
    using Number = typename Arithmetic<T, Policy>::Number;
    using Rows = ByRows<Number>;
    using Columns = ByColumns<Number>;
    using Few = FewRows<T, Policy>;
    using Blocked = BlockedProduct<T, Policy>;

public:
    /// With fewer rows packing the weights does not pay. Rounded factors have no form for few rows:
    /// they are for training.
    static constexpr index packed_rows = Arithmetic<T, Policy>::depths == 1 ? 32 : 0;

    /// Units of Number that the others need; 0 for few rows.
    static constexpr index workspace(MatmulSize n) {
        return n.rows < packed_rows
                   ? 0
                   : (std::max)({Blocked::workspace({n.rows, n.inputs, n.outputs}),
                                 Blocked::workspace({n.rows, n.outputs, n.inputs}),
                                 Blocked::workspace({n.inputs, n.rows, n.outputs})});
    }

    /// y = x W.
    static void forward(Policy policy, MatmulSize n, Number const* x, Number const* w, Number* y,
                        Number* workspace) {
        if constexpr (packed_rows > 0) {
            if (n.rows < packed_rows) {
                return Few::forward(policy, n.rows, n.inputs, n.outputs, x, w, y);
            }
        }
        Blocked::run(policy, {n.rows, n.inputs, n.outputs}, Rows{x, n.inputs}, Rows{w, n.outputs},
                     Start::zero, y, workspace);
    }

    /// dx += dy W^T.
    static void backward_input(Policy policy, MatmulSize n, Number const* dy, Number const* w,
                               AddsTo<Number> dx, Number* workspace) {
        if constexpr (packed_rows > 0) {
            if (n.rows < packed_rows) {
                if (dx.fresh) { std::fill_n(dx.data, n.rows * n.inputs, Number(0)); }
                return Few::backward_input(policy, n.rows, n.inputs, n.outputs, dy, w, dx.data);
            }
        }
        Blocked::run(policy, {n.rows, n.outputs, n.inputs}, Rows{dy, n.outputs},
                     Columns{w, n.outputs}, dx.fresh ? Start::zero : Start::result, dx.data,
                     workspace);
    }

    /// dw += x^T dy.
    static void backward_weight(Policy policy, MatmulSize n, Number const* x, Number const* dy,
                                Number* dw, Number* workspace) {
        if constexpr (packed_rows > 0) {
            if (n.rows < packed_rows) {
                return Few::backward_weight(policy, n.rows, n.inputs, n.outputs, x, dy, dw);
            }
        }
        Blocked::run(policy, {n.inputs, n.rows, n.outputs}, Columns{x, n.inputs},
                     Rows{dy, n.outputs}, Start::result, dw, workspace);
    }
};

/// Dense matrix products on a processor.
template <class Policy>
struct Matmul {
    static_assert(CpuPolicy<Policy>,
                  "matmul: no kernel for this policy; the policies are Serial and OpenMp");

    /// Numbers of scratch that forward and backward may use; 0 for few rows. As many of double as
    /// of float: lanes of double are fewer.
    static constexpr index workspace(MatmulSize n) {
        if (n.rows < packed_rows) { return 0; }
        using Sparse = SparseProduct<float, Policy>;
        index const bytes =
            (std::max)({Sparse::workspace(of_y(n)), Sparse::workspace(of_dw(n)),
                        SampledProduct<float, Policy>::workspace(n.rows, n.inputs)});
        return (std::max)(units_of<float>(bytes), LinearProducts<float, Policy>::workspace(n));
    }

    /// y [M,N] = x [M,K] W [K,N].
    template <class T>
    static void forward(Policy policy, MatmulSize n, T const* x, T const* w, T* y, T* workspace) {
        if (n.rows == 1) {
            one_row(policy, n, x, w, y);
        } else if (n.rows < packed_rows && SparseRows<T, Policy>::pays(n.rows, n.inputs, x)) {
            SparseRows<T, Policy>::forward(policy, n.rows, n.inputs, n.outputs,
                                           ByRows<T>(x, n.inputs), w, y);
        } else if (index const depth = table_depth(n, of_y(n), x); depth > 0) {
            SparseProduct<T, Policy>::run(policy, of_y(n), depth, ByRows<T>(x, n.inputs), w,
                                          Start::zero, y, reinterpret_cast<std::byte*>(workspace));
        } else {
            LinearProducts<T, Policy>::forward(policy, n, x, w, y, workspace);
        }
    }

    /// y [1,N] = x [1,K] W [K,N].
    template <class T>
    static void one_row(Policy policy, MatmulSize n, T const* x, T const* w, T* y) {
        if (SparseRows<T, Policy>::pays(1, n.inputs, x)) {
            SparseRows<T, Policy>::forward(policy, 1, n.inputs, n.outputs, ByRows<T>(x, n.inputs),
                                           w, y);
        } else {
            FewRows<T, Policy>::forward(policy, 1, n.inputs, n.outputs, x, w, y);
        }
    }

    /// dx [M,K] += dy [M,N] W^T; dx may be null.
    template <class T>
    static void backward_input(Policy policy, MatmulSize n, T const* dy, T const* w, AddsTo<T> dx,
                               T* workspace) {
        if (dx.data != nullptr) {
            LinearProducts<T, Policy>::backward_input(policy, n, dy, w, dx, workspace);
        }
    }

    /// dx [M,K] += dy [M,N] W^T where x [M,K] is not 0; nothing is added elsewhere. dx may be null.
    template <class T>
    static void backward_active_input(Policy policy, MatmulSize n, T const* dy, T const* w,
                                      T const* x, AddsTo<T> dx, T* workspace) {
        if (dx.data != nullptr) {
            SampledProduct<T, Policy>::run(policy, n.rows, n.inputs, n.outputs, dy, w, x, dx,
                                           reinterpret_cast<std::byte*>(workspace));
        }
    }

    /// dw [K,N] += x^T dy; dw may be null.
    template <class T>
    static void backward_weight(Policy policy, MatmulSize n, T const* x, T const* dy, T* dw,
                                T* workspace) {
        if (dw == nullptr) { return; }
        if (index const depth = table_depth(n, of_dw(n), x); depth > 0) {
            SparseProduct<T, Policy>::run(policy, of_dw(n), depth, ByColumns<T>(x, n.inputs), dy,
                                          Start::result, dw,
                                          reinterpret_cast<std::byte*>(workspace));
        } else {
            LinearProducts<T, Policy>::backward_weight(policy, n, x, dy, dw, workspace);
        }
    }

private:
    static constexpr index packed_rows = LinearProducts<float, Policy>::packed_rows;

    /// How deep the tables of a product are that leaves out the zeros of x; 0 if it does not.
    template <class T>
    static index table_depth(MatmulSize n, ProductSize product, T const* x) {
        using Sparse = SparseProduct<T, Policy>;
        if (n.rows < packed_rows || !Sparse::pays(product, 0)) { return 0; }
        return Sparse::depth_for(product, Sparse::percent_active(n.rows, n.inputs, x));
    }
};

}  // namespace spikelet::kernels
