// SPDX-License-Identifier: MIT
// How products that keep their sums in the L1 cache cut the result into blocks.
#pragma once

#include <algorithm>

#include <spikelet/kernels/matmul.hpp>

namespace spikelet::kernels {

/// A part of a result [rows, columns].
struct ResultBlock {
    index first_row;     ///< from this row
    index last_row;      ///< to the one before this
    index first_column;  ///< from this column
    index last_column;   ///< to the one before this

    /// Number of rows.
    constexpr index rows() const { return last_row - first_row; }

    /// Calls f(column, lanes) for every `panel` columns.
    template <class F>
    void for_each_panel(index panel, F&& f) const {
        index c = first_column;
        for (; c + panel <= last_column; c += panel) { f(c, simd::Full{}); }
        if (c < last_column) { f(c, simd::Part{last_column - c}); }
    }
};

/// What blocks are made of.
struct BlockLimits {
    index panel;  ///< columns that are not parted
    index rows;   ///< at most
    index sums;   ///< at most; room for a panel of all rows
    index work;   ///< multiply-adds that are worth a thread
};

/// Calls f(ResultBlock) for blocks that cover the result, shared among the policy's threads. All
/// rows of some columns follow one another, while the weights of these columns are in the L2 cache.
/// Few rows are cut into a multiple of as many blocks as there are threads.
template <class Policy, class F>
void for_each_block(Policy policy, MatmulSize n, BlockLimits limits, F&& f) {
    auto const parts = [](index whole, index part) { return (whole + part - 1) / part; };
    if (n.rows == 0) { return; }
    index const row_blocks = parts(n.rows, limits.rows);
    index const rows = parts(n.rows, row_blocks);
    index const panels = parts(n.outputs, limits.panel);
    index blocks = parts(panels, limits.sums / limits.panel / rows);
    index const threads = thread_count(policy);
    if (row_blocks == 1) { blocks = (std::min)(panels, parts(blocks, threads) * threads); }
    auto const some = [&](index begin, index end) {
        for (; begin < end; ++begin) {
            index const row = begin % row_blocks * rows;
            index const b = begin / row_blocks;
            index const last = panels * (b + 1) / blocks * limits.panel;
            f(ResultBlock{row, (std::min)(row + rows, n.rows), panels * b / blocks * limits.panel,
                          (std::min)(last, n.outputs)});
        }
    };
    index const each = rows * n.inputs * (n.outputs / std::max<index>(blocks, 1));
    parallel_for(policy, blocks * row_blocks, some, grain_of(limits.work, each));
}

}  // namespace spikelet::kernels
