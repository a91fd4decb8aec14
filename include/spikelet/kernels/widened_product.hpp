// SPDX-License-Identifier: MIT
// Floats times weights in bf16, x [M,K], W [K,N], y [M,N]:
//   y[m][o] = fma(x[m][K-1], W[K-1][o], ... fma(x[m][0], W[0][o], 0))
// with weights widened to floats, which is exact: the bits are those of Matmul. Weights pass once
// for up to 32 rows of x, some rows of them at a time in registers, while the sums of some columns
// stay in the L1 cache. With few rows the cost is that of reading the weights; a row alone reads
// only those that meet a number which is not 0, where many are.
#pragma once

#include <spikelet/core/counting.hpp>
#include <spikelet/kernels/bfloat16.hpp>
#include <spikelet/kernels/quantized_matrix.hpp>
#include <spikelet/kernels/result_blocks.hpp>
#include <spikelet/kernels/sparse_rows.hpp>

namespace spikelet::kernels {

/// The product of floats and weights in bf16.
template <class Policy>
class WidenedProduct {
    using Batch = simd::Batch<float, Policy>;
    static constexpr index width = simd::width<Batch>;
    // Rows of weights in registers at a time: half of the registers.
    static constexpr index group = simd::registers<Batch> / 2;
    // Rows of weights that are asked for ahead.
    static constexpr index ahead = 2 * group;
    // Sums: most of a usual L1 cache.
    static constexpr index block_sums = 6 * 1024;
    static constexpr BlockLimits limits{width, 32, block_sums, index{1} << 17};

    using Sums = std::array<float, static_cast<std::size_t>(block_sums)>;

public:
    /// The factors and the result.
    struct Task {
        MatmulSize n;    ///< sizes
        float const* x;  ///< [M, K]
        bf16 const* w;   ///< [K, N]
        float* y;        ///< result [M, N]
    };

    /// y = x W.
    static void run(Policy policy, Task const& t) {
        if (t.n.rows == 1 && SparseRows<float, Policy>::pays(1, t.n.inputs, t.x)) {
            SparseRows<float, Policy>::forward(policy, 1, t.n.inputs, t.n.outputs,
                                               ByRows<float>(t.x, t.n.inputs), t.w, t.y);
            return;
        }
        for_each_block(policy, t.n, limits, [&](ResultBlock const& b) {
            multiply(t, b);
            count_work(policy, work_of(t, b));
        });
    }

private:
    static constexpr Work work_of(Task const& t, ResultBlock const& b) {
        index const weights = t.n.inputs * (b.last_column - b.first_column);
        return {.multiply_adds = b.rows() * weights,
                .weight_bytes = weights * static_cast<index>(sizeof(bf16))};
    }

    static void multiply(Task const& t, ResultBlock const& b) {
        alignas(64) Sums sums;
        sums.fill(0);
        index i = 0;
        for (; i + group <= t.n.inputs; i += group) { add<group>(t, b, i, sums.data()); }
        for (; i < t.n.inputs; ++i) { add<1>(t, b, i, sums.data()); }
        float const* from = sums.data();
        b.for_each_panel(width, [&](index column, auto lanes) {
            for (index r = b.first_row; r < b.last_row; ++r, from += width) {
                simd::store(t.y + r * t.n.outputs + column, Batch::load_aligned(from), lanes);
            }
        });
    }

    /// Adds the products of N inputs.
    template <index N>
    [[gnu::flatten]] static void add(Task const& t, ResultBlock const& b, index i, float* sums) {
        b.for_each_panel(width, [&](index column, auto lanes) {
            std::array<Batch, static_cast<std::size_t>(N)> weights;
            simd::unrolled<N>([&](auto k) {
                bf16 const* const w = t.w + (i + static_cast<index>(k)) * t.n.outputs + column;
                weights[k] = simd::load_floats<Batch>(w, lanes);
                simd::prefetch_for_reading(w,
                                           ahead * t.n.outputs * static_cast<index>(sizeof(bf16)));
            });
            float const* x = t.x + b.first_row * t.n.inputs + i;
            for (index r = b.first_row; r < b.last_row; ++r, x += t.n.inputs, sums += width) {
                Batch sum = Batch::load_aligned(sums);
                simd::unrolled<N>([&](auto k) {
                    sum = simd::fma(Batch(x[static_cast<index>(k)]), weights[k], sum);
                });
                sum.store_aligned(sums);
            }
        });
    }
};

}  // namespace spikelet::kernels
