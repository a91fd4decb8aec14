// SPDX-License-Identifier: MIT
// Factors of a dense product and how they are packed. A panel of the right factor holds, lane of
// depth after lane of depth, the columns of one register tile. A sliver of the left factor holds
// the rows of one register tile; `run` consecutive lanes of a row lie together, then the same
// lanes of the next row, so that packing copies whole vectors. What a panel or sliver holds beyond
// the edge of the factor is zero and never reaches a result.
#pragma once

#include <algorithm>

#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/arithmetic.hpp>
#include <spikelet/kernels/transpose.hpp>

namespace spikelet::kernels {

/// A factor in memory. Stored by rows, element (r, c) is data[r * stride + c]; by columns, it is
/// data[c * stride + r].
template <class T>
struct Factor {
    T const* data;    ///< element (0, 0)
    index stride;     ///< between rows, or columns
    bool by_columns;  ///< how it is stored

    /// Where element (row, column) is.
    [[gnu::always_inline]] constexpr T const* at(index row, index column) const {
        return by_columns ? data + column * stride + row : data + row * stride + column;
    }
};

/// A factor stored by rows.
template <class T>
struct ByRows : Factor<T> {
    /// From element (0, 0) on.
    [[gnu::always_inline]] constexpr ByRows(T const* from, index row_stride)
        : Factor<T>{from, row_stride, false} {}
};

/// A factor stored by columns, its transpose in other words.
template <class T>
struct ByColumns : Factor<T> {
    /// From element (0, 0) on.
    [[gnu::always_inline]] constexpr ByColumns(T const* from, index column_stride)
        : Factor<T>{from, column_stride, true} {}
};

/// Where a block of a factor begins and how far it goes.
struct Block {
    index row;      ///< the first
    index column;   ///< the first
    index rows;     ///< how many
    index columns;  ///< how many
};

/// Packing for register tiles of `Rows` x `Columns`.
template <index Rows, index Columns, class Arithmetic>
struct Packing {
    /// Type of factors in memory.
    using T = typename Arithmetic::Number;
    /// Lanes in a register.
    using Batch = typename Arithmetic::Batch;
    static constexpr index width = simd::width<Batch>;   ///< lanes in a register
    static constexpr index depths = Arithmetic::depths;  ///< rows of numbers that a lane holds

    /// Lanes that a depth takes.
    static constexpr index lanes_of(index depth) { return (depth + depths - 1) / depths; }

    /// Units of T from one sliver of a depth to the next. Whole vectors are stored, also the last.
    static constexpr index sliver_size(index depth) {
        return (lanes_of(depth) + width - 1) / width * width * Rows + width;
    }

    /// Consecutive lanes of a row in a sliver of a factor by rows; by columns it is one.
    static constexpr index run_by_rows = width;

    /// Packs one panel: `block` has at most `Columns` columns.
    static void panel(Factor<T> right, Block block, T* to) {
        right.by_columns ? panel_by_columns(right, block, to) : panel_by_rows(right, block, to);
    }

    /// Packs the slivers of a block one after another, sliver_size() apart.
    static void slivers(Factor<T> left, Block block, T* to) {
        left.by_columns ? slivers_by_columns(left, block, to) : slivers_by_rows(left, block, to);
    }

    /// Asks for one of `shares` shares of a block that will be packed soon. Inlined always: GCC 12
    /// leaves out calls of a function that does nothing else.
    [[gnu::always_inline]] static void fetch(Factor<T> factor, Block block, index share,
                                             index shares) {
        constexpr index line = static_cast<index>(alignment / sizeof(T));
        T const* const from = factor.at(block.row, block.column);
        index const rows = factor.by_columns ? block.columns : block.rows;
        index const columns = factor.by_columns ? block.rows : block.columns;
        for (index r = rows * share / shares; r < rows * (share + 1) / shares; ++r) {
            for (index c = 0; c < columns; c += line) {
                simd::prefetch_for_reading(from + r * factor.stride + c);
            }
        }
    }

private:
    static void panel_by_rows(Factor<T> right, Block block, T* to) {
        T const* from = right.at(block.row, block.column);
        for (index d = 0; d < block.rows; d += depths, from += depths * right.stride) {
            index const rows = (std::min)(depths, block.rows - d);
            for (index c = 0; c < Columns; c += width, to += width) {
                simd::store(to, down(from + c, right.stride, rows, block.columns - c),
                            simd::Full{});
            }
        }
    }
    [[gnu::flatten]] static void panel_by_columns(Factor<T> right, Block block, T* to) {
        T const* const from = right.at(block.row, block.column);
        for (index d = 0; d < block.rows; d += width * depths, to += width * Columns) {
            for (index c = 0; c < Columns; c += width) {
                Square<Batch> square;
                simd::unrolled<width>([&](auto i) {
                    index const column = c + static_cast<index>(i);
                    square[i] = column < block.columns
                                    ? along(from + column * right.stride + d, block.rows - d)
                                    : Batch(T(0));
                });
                transpose<Batch>(square);
                index const lanes = (std::min)(width, lanes_of(block.rows - d));
                for (index i = 0; i < lanes; ++i) {
                    simd::store(to + i * Columns + c, square[static_cast<std::size_t>(i)],
                                simd::Full{});
                }
            }
        }
    }

    static void slivers_by_rows(Factor<T> left, Block block, T* to) {
        index const size = sliver_size(block.columns);
        index const rows = (block.rows + Rows - 1) / Rows * Rows;
        for (index r = 0; r < rows; ++r) {
            T const* const from = left.at(block.row + r, block.column);
            T* const row = to + r / Rows * size + r % Rows * width;
            for (index d = 0; d < block.columns; d += width * depths) {
                simd::store(row + d / depths * Rows,
                            r < block.rows ? along(from + d, block.columns - d) : Batch(T(0)),
                            simd::Full{});
            }
        }
    }
    static void slivers_by_columns(Factor<T> left, Block block, T* to) {
        index const size = sliver_size(block.columns);
        T const* from = left.at(block.row, block.column);
        for (index d = 0; d < block.columns; d += depths, from += depths * left.stride) {
            index const rows = (std::min)(depths, block.columns - d);
            for (index sliver = 0; sliver * Rows < block.rows; ++sliver) {
                T* const lanes = to + sliver * size + d / depths * Rows;
                for (index r = 0; r < Rows; r += width) {
                    index const row = sliver * Rows + r;
                    simd::store(lanes + r, down(from + row, left.stride, rows, block.rows - row),
                                simd::Full{});
                }
            }
        }
    }

    static Batch along(T const* from, index count) {
        return count >= width * depths ? Arithmetic::along(from, simd::Full{})
                                       : Arithmetic::along(from, simd::Part{count});
    }
    static Batch down(T const* from, index stride, index rows, index count) {
        if (count >= width) { return Arithmetic::down(from, stride, rows, simd::Full{}); }
        return count > 0 ? Arithmetic::down(from, stride, rows, simd::Part{count}) : Batch(T(0));
    }
};

}  // namespace spikelet::kernels
