// SPDX-License-Identifier: MIT
// The dense linear map of Matmul with factors of eight binary digits, x [M,K], w [K,N], y [M,N]:
//   forward           y = x W
//   backward_input    dx += dy W^T
//   backward_weight   dw += x^T dy
// All arrays are floats. Factors are rounded to bfloat16 where they are packed, sums are floats:
// two products at a time (simd::bf16_dot), pairs of the depth in ascending order whatever the rows,
// blocks and threads; an odd depth ends with half a pair. Where a processor multiplies pairs, that
// takes half the time of Matmul.
#pragma once

#include <spikelet/core/accumulator.hpp>
#include <spikelet/core/element.hpp>
#include <spikelet/kernels/bfloat16.hpp>
#include <spikelet/kernels/matmul.hpp>

namespace spikelet::kernels {

/// Pairs of bfloat16 in the lanes of floats.
template <class Policy>
struct Arithmetic<bf16, Policy> {
    using Number = float;
    using Batch = simd::Batch<float, Policy>;
    static constexpr index depths = 2;

    static Batch along(float const* numbers, simd::Full) {
        return simd::bf16_pairs_along(simd::load<Batch>(numbers, simd::Full{}),
                                      simd::load<Batch>(numbers + width, simd::Full{}));
    }
    static Batch along(float const* numbers, simd::Part part) {
        if (part.n <= width) { return simd::bf16_pairs_along(some(numbers, part.n), Batch(0.0F)); }
        return simd::bf16_pairs_along(simd::load<Batch>(numbers, simd::Full{}),
                                      some(numbers + width, part.n - width));
    }

    template <class Lanes>
    static Batch down(float const* numbers, index stride, index rows, Lanes lanes) {
        return simd::bf16_pairs_across(simd::load<Batch>(numbers, lanes),
                                       rows > 1 ? simd::load<Batch>(numbers + stride, lanes)
                                                : Batch(0.0F));
    }

    static Batch add_product(Batch const& a, Batch const& b, Batch const& sum) {
        return simd::bf16_dot(sum, a, b);
    }

private:
    static constexpr index width = simd::width<Batch>;

    static Batch some(float const* numbers, index n) {
        return n == width ? simd::load<Batch>(numbers, simd::Full{})
                          : simd::load<Batch>(numbers, simd::Part{n});
    }
};

/// Matrix products in bfloat16 on a processor.
template <class Policy>
struct Bf16Matmul {
    static_assert(CpuPolicy<Policy>,
                  "bf16_matmul: no kernel for this policy; the policies are Serial and OpenMp");

    /// Units of float of scratch that forward and backward may use.
    static constexpr index workspace(MatmulSize n) { return Products::workspace(n); }

    /// y [M,N] = x [M,K] W [K,N].
    static void forward(Policy policy, MatmulSize n, float const* x, float const* w, float* y,
                        float* workspace) {
        Products::forward(policy, n, x, w, y, workspace);
    }

    /// dx [M,K] += dy [M,N] W^T; dx may be null.
    static void backward_input(Policy policy, MatmulSize n, float const* dy, float const* w,
                               AddsTo<float> dx, float* workspace) {
        if (dx.data != nullptr) { Products::backward_input(policy, n, dy, w, dx, workspace); }
    }

    /// dw [K,N] += x^T dy; dw may be null.
    static void backward_weight(Policy policy, MatmulSize n, float const* x, float const* dy,
                                float* dw, float* workspace) {
        if (dw != nullptr) { Products::backward_weight(policy, n, x, dy, dw, workspace); }
    }

private:
    using Products = LinearProducts<bf16, Policy>;
};

}  // namespace spikelet::kernels
