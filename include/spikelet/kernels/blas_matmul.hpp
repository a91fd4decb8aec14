// SPDX-License-Identifier: MIT
// Dense products by the machine's BLAS, for those who have a good one: a policy that computes the
// products of Matmul with cblas and everything else as the policy it is made of.
//
//   Tape tape{with_blas(openmp)};
//
// Opt-in, because a BLAS adds in an order of its own: a stream need not have the bits of the
// parallel pass, nor two threads those of one.
#pragma once

#include <algorithm>
#include <climits>

#include <cblas.h>

#include <spikelet/core/accumulator.hpp>
#include <spikelet/kernels/matmul.hpp>

namespace spikelet {

/// As Base, with dense products by BLAS. How many threads these use is the BLAS's business.
template <CpuPolicy Base>
struct Blas : Base {};

/// The policy with BLAS for its dense products.
template <CpuPolicy Base>
constexpr Blas<Base> with_blas(Base policy) {
    return {policy};
}

namespace kernels {

/// The products of kernels/matmul.hpp. They throw Error where an extent does not fit into an int.
template <class Base>
struct Matmul<Blas<Base>> {
    static constexpr index workspace(MatmulSize) { return 0; }

    /// y [M,N] = x [M,K] W [K,N].
    template <class T>
    static void forward(Blas<Base>, MatmulSize n, T const* x, T const* w, T* y, T*) {
        product(CblasNoTrans, CblasNoTrans, {n.rows, n.outputs, n.inputs}, {x, n.inputs},
                {w, n.outputs}, T(0), y);
    }

    /// dx [M,K] += dy [M,N] W^T; dx may be null.
    template <class T>
    static void backward_input(Blas<Base>, MatmulSize n, T const* dy, T const* w, AddsTo<T> dx,
                               T*) {
        if (dx.data == nullptr) { return; }
        product(CblasNoTrans, CblasTrans, {n.rows, n.inputs, n.outputs}, {dy, n.outputs},
                {w, n.outputs}, dx.fresh ? T(0) : T(1), dx.data);
    }

    /// dw [K,N] += x^T dy; dw may be null.
    template <class T>
    static void backward_weight(Blas<Base>, MatmulSize n, T const* x, T const* dy, T* dw, T*) {
        if (dw == nullptr) { return; }
        product(CblasTrans, CblasNoTrans, {n.inputs, n.outputs, n.rows}, {x, n.inputs},
                {dy, n.outputs}, T(1), dw);
    }

private:
    struct Size {
        index rows, columns, depth;
    };

    template <class T>
    struct Matrix {
        T const* numbers;
        index stride;
    };

    /// result [rows, columns] = left right + keep * result.
    template <class T>
    static void product(CBLAS_TRANSPOSE left, CBLAS_TRANSPOSE right, Size n, Matrix<T> a,
                        Matrix<T> b, T keep, T* result) {
        if (n.rows == 0 || n.columns == 0) { return; }
        if (n.depth == 0) {
            if (keep == T(0)) { std::fill_n(result, n.rows * n.columns, T(0)); }
            return;
        }
        auto const as_int = [](index size) {
            if (size > INT_MAX) { fail("blas", "an extent is larger than its int"); }
            return static_cast<int>(size);
        };
        int const M = as_int(n.rows);
        int const N = as_int(n.columns);
        int const K = as_int(n.depth);
        int const lda = as_int(a.stride);
        int const ldb = as_int(b.stride);
        if constexpr (sizeof(T) == sizeof(float)) {
            cblas_sgemm(CblasRowMajor, left, right, M, N, K, 1, a.numbers, lda, b.numbers, ldb,
                        keep, result, N);
        } else {
            cblas_dgemm(CblasRowMajor, left, right, M, N, K, 1, a.numbers, lda, b.numbers, ldb,
                        keep, result, N);
        }
    }
};

}  // namespace kernels
}  // namespace spikelet
