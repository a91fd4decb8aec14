// SPDX-License-Identifier: MIT
// Numbers times weights of few bits, x [M,K], W [K,N], y [M,N]:
//   y[m][o] = step[m] sum_g scale[g][o] sum_{i in group g} code(x[m][i]) code(W[i][o])
// where code(x) is x in eight bits (quantized_rows.hpp), which is off by at most 1/254 of the
// largest of its row. The inner sum is exact; the outer one is a chain of fma in ascending order
// from zero, over whole numbers rounded to floats. The bits of a row depend on nothing but the row.
// Weights in bf16 are widened, and everything is as in Matmul.
#pragma once

#include <limits>

#include <spikelet/kernels/quantized_product.hpp>
#include <spikelet/kernels/widened_product.hpp>

namespace spikelet::kernels {

/// Products of numbers with weights of few bits. C is an element type of quantized_matrix.hpp.
template <Code C, class Policy, bool AtOnce = simd::has_dot_quads<Policy>>
struct QuantizedMatmul {
    static_assert(
        CpuPolicy<Policy>,
        "quantized_matmul: no kernel for this policy; the policies are Serial and OpenMp");

    /// Sums of as many codes of x stay below 2^31; those of products are cut before.
    static constexpr index most_inputs = index{1} << 24;

    /// Bytes of scratch that forward may use.
    static constexpr index workspace(MatmulSize n) {
        return QuantizedRows<Policy>::workspace(n.rows, n.inputs);
    }

    /// y [M,N] = x [M,K] W; the workspace is aligned like floats. A row of x that holds an infinity
    /// or a NaN has no finite result.
    static void forward(Policy policy, MatmulSize n, float const* x, QuantizedMatrix<C> w, float* y,
                        std::byte* workspace) {
        SPIKELET_ASSERT(n.inputs <= most_inputs, "quantized_matmul: sums would overflow");
        QuantizedRows<Policy> const rows(n.rows, n.inputs, workspace);
        rows.assign(policy, x);
        QuantizedProduct<C, Policy, AtOnce>::run(policy, {n, rows, w, y});
    }
};

/// Weights in bf16: x stays as it is, the result has the bits of Matmul with widened weights.
template <class Policy, bool AtOnce>
struct QuantizedMatmul<bf16, Policy, AtOnce> {
    static_assert(
        CpuPolicy<Policy>,
        "quantized_matmul: no kernel for this policy; the policies are Serial and OpenMp");

    /// Sums of floats hold any number of inputs.
    static constexpr index most_inputs = (std::numeric_limits<index>::max)();

    /// Bytes of scratch that forward may use: none.
    static constexpr index workspace(MatmulSize) { return 0; }

    /// y [M,N] = x [M,K] W; no workspace is needed.
    static void forward(Policy policy, MatmulSize n, float const* x, QuantizedMatrix<bf16> w,
                        float* y, std::byte*) {
        WidenedProduct<Policy>::run(policy, {n, x, w.codes, y});
    }
};

}  // namespace spikelet::kernels
