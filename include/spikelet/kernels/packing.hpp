// SPDX-License-Identifier: MIT
// Factors of a dense product and how they are packed: copies only, no arithmetic. A panel of the
// right factor holds, depth after depth, the columns of one register tile. A sliver of the left
// factor holds the rows of one register tile; `run` consecutive depths of a row lie together,
// then the same depths of the next row, so that packing copies whole vectors. What a panel or
// sliver holds beyond the edge of the factor is zero and never reaches a result.
#pragma once

#include <algorithm>
#include <cstddef>

#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// A factor stored by rows: element (r, c) is data[r * stride + c].
template <class T>
struct ByRows {
    T const* data;
    index stride;
};

/// A factor stored by columns, its transpose in other words: element (r, c) is
/// data[c * stride + r].
template <class T>
struct ByColumns {
    T const* data;
    index stride;
};

/// Where a block of a factor begins and how far it goes.
struct Block {
    index row, column, rows, columns;
};

namespace detail {

/// A square that fits the registers.
template <index N, class Batch, class T>
void transpose_square(T const* from, index from_stride, T* to, index to_stride) {
    constexpr auto side = static_cast<std::size_t>(N);
    T square[side][side];
    for (index r = 0; r < N; ++r) {
        for (index c = 0; c < N; ++c) { square[c][r] = from[r * from_stride + c]; }
    }
    for (index c = 0; c < N; ++c) { std::copy_n(square[c], N, to + c * to_stride); }
}

}  // namespace detail

/// to[c * to_stride + r] = from[r * from_stride + c]. Batch names the instruction set: see
/// core/policy.hpp.
template <class Batch, class T>
void transpose(T const* from, index from_stride, index rows, index columns, T* to,
               index to_stride) {
    constexpr index side = 4;
    index const whole_rows = rows / side * side;
    index const whole_columns = columns / side * side;
    for (index r = 0; r < whole_rows; r += side) {
        for (index c = 0; c < whole_columns; c += side) {
            detail::transpose_square<side, Batch>(from + r * from_stride + c, from_stride,
                                                  to + c * to_stride + r, to_stride);
        }
    }
    for (index r = 0; r < rows; ++r) {
        for (index c = r < whole_rows ? whole_columns : 0; c < columns; ++c) {
            to[c * to_stride + r] = from[r * from_stride + c];
        }
    }
}

/// Packing for register tiles of `Rows` x `Columns`.
template <index Rows, index Columns, class Batch>
struct Packing {
    static constexpr index width = simd::width<Batch>;

    /// Consecutive depths of a row in a sliver.
    template <class T>
    static constexpr index run(ByRows<T>) {
        return width;
    }
    template <class T>
    static constexpr index run(ByColumns<T>) {
        return 1;
    }

    /// Packs one panel: `block` has at most `Columns` columns.
    template <class T>
    static void panel(ByRows<T> right, Block block, T* to) {
        T const* from = right.data + block.row * right.stride + block.column;
        for (index r = 0; r < block.rows; ++r, from += right.stride, to += Columns) {
            copy_padded<Columns>(from, block.columns, to);
        }
    }
    template <class T>
    static void panel(ByColumns<T> right, Block block, T* to) {
        T const* const from = right.data + block.column * right.stride + block.row;
        if (block.columns < Columns) { std::fill_n(to, block.rows * Columns, T(0)); }
        for (index r = 0; r < block.rows; r += width) {
            transpose<Batch>(from + r, right.stride, block.columns, std::min(width, block.rows - r),
                             to + r * Columns, Columns);
        }
    }

    /// Packs the slivers of a block one after another, `size` apart: at least Rows times the
    /// depth rounded up to width.
    template <class Left, class T>
    static void slivers(Left left, Block block, T* to, index size) {
        for (index r = 0; r < block.rows; r += Rows, to += size) {
            sliver(
                left,
                Block{block.row + r, block.column, std::min(Rows, block.rows - r), block.columns},
                to);
        }
    }
    template <class T>
    static void slivers(ByColumns<T> left, Block block, T* to, index size) {
        T const* from = left.data + block.column * left.stride + block.row;
        for (index c = 0; c < block.columns; ++c, from += left.stride, to += Rows) {
            for (index r = 0; r < block.rows; r += Rows) {
                copy_padded<Rows>(from + r, block.rows - r, to + r / Rows * size);
            }
        }
    }

private:
    template <class T>
    static void sliver(ByRows<T> left, Block block, T* to) {
        if (block.rows < Rows) {
            std::fill_n(to, (block.columns + width - 1) / width * width * Rows, T(0));
        }
        for (index r = 0; r < block.rows; ++r) {
            T const* const from = left.data + (block.row + r) * left.stride + block.column;
            for (index c = 0; c < block.columns; c += width) {
                copy_padded<width>(from + c, block.columns - c, to + c * Rows + r * width);
            }
        }
    }

    /// Copies the first `count` of N elements and fills up with zeros.
    template <index N, class T>
    static void copy_padded(T const* from, index count, T* to) {
        if (count >= N) {
            std::copy_n(from, N, to);
        } else {
            std::fill_n(std::copy_n(from, count, to), N - count, T(0));
        }
    }
};

}  // namespace spikelet::kernels
