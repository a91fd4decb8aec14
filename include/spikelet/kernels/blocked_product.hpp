// SPDX-License-Identifier: MIT
// The dense product of many rows, result [rows, columns] += left right:
//   result[r][c] = fma(left[r][d], right[d][c], ... fma(left[r][0], right[0][c], result[r][c]))
// One ascending chain over the depth d; cutting the depth into blocks stores and reloads the sums
// and changes no bit. One packed factor lies in the workspace for all threads, the other passes
// piece by piece over the stack of the thread that multiplies it (after Goto and van de Geijn,
// "Anatomy of high-performance matrix multiplication", ACM TOMS 34, 2008). Which is which depends
// on the rows: few of them stay in the L2 and panels of columns pass; of many a block passes, and
// meets each panel often enough that panels may come from any cache. What is packed or added to
// next is asked for while tiles are computed.
#pragma once

#include <algorithm>
#include <array>

#include <spikelet/kernels/register_tile.hpp>

namespace spikelet::kernels {

/// Left is rows x depth, right is depth x columns.
struct ProductSize {
    index rows;     ///< of left and of the result
    index depth;    ///< columns of left, rows of right
    index columns;  ///< of right and of the result
};

/// What a product starts from: nothing, or what the result already holds.
enum class Start { zero, result };

/// Products of T, in the Arithmetic of T, on Policy's processor.
template <class T, class Policy>
class BlockedProduct {
    using Arithmetic = kernels::Arithmetic<T, Policy>;
    using Number = typename Arithmetic::Number;
    using Factor = kernels::Factor<Number>;
    using Tile = RegisterTile<Arithmetic>;
    using Packing = typename Tile::Packing;
    static constexpr index tile_rows = Tile::most_rows;
    static constexpr index tile_columns = Tile::most_columns;
    // The deeper a block, the less often the result is fetched.
    static constexpr index block_depth = 512 * Arithmetic::depths;
    // Packed columns in the workspace: at most 2 MiB.
    static constexpr index block_columns = 4096 / static_cast<index>(sizeof(Number));
    // Packed rows in the workspace: half of a usual L2.
    static constexpr index few_size = 512 * 1024 / static_cast<index>(sizeof(Number));
    // Packed rows, or a panel, on the stack: 100 KiB.
    static constexpr index piece_size = 100 * 1024 / static_cast<index>(sizeof(Number));
    // Fewer multiply-adds, or fewer copies, are not worth another thread.
    static constexpr index grain_work = index{1} << 18;
    static constexpr index grain_copies = index{1} << 15;

    using Piece = std::array<Number, static_cast<std::size_t>(piece_size)>;

public:
    /// Units of scratch that run() needs, also for smaller sizes: rows go in blocks, of which the
    /// last is shorter, and few of them are packed whole where many are not.
    static constexpr index workspace(ProductSize n) {
        index const columns = (std::min)(block_columns, n.columns);
        index const panels =
            tiles(columns, tile_columns) * panel_size((std::min)(block_depth, n.depth));
        return (std::max)((std::min)(packed_rows(n), few_size), panels);
    }

    /// result = left right, or result += left right.
    static void run(Policy policy, ProductSize n, Factor left, Factor right, Start start,
                    Number* result, Number* workspace) {
        bool const few =
            packed_rows(n) <= few_size && tiles(n.columns, tile_columns) >= thread_count(policy);
        index const columns = few ? std::max<index>(n.columns, 1) : block_columns;
        for (index d = 0; d < n.depth; d += block_depth) {
            for (index c = 0; c < n.columns; c += columns) {
                Block const block{d, c, (std::min)(block_depth, n.depth - d),
                                  (std::min)(columns, n.columns - c)};
                bool const from_zero = d == 0 && start == Start::zero;
                Sweep const sweep{left, right, n.rows, block, n.columns, from_zero, result + c};
                if (few) {
                    few_rows(policy, sweep, workspace);
                } else {
                    many_rows(policy, sweep, workspace);
                }
            }
        }
        if (n.depth == 0 && start == Start::zero) {
            std::fill_n(result, n.rows * n.columns, Number(0));
        }
    }

private:
    /// All rows of the left factor times one block of the right one.
    struct Sweep {
        Factor left, right;
        index rows;
        Block block;
        index stride;
        bool from_zero;
        Number* result;

        index depth() const { return block.rows; }
        index slivers() const { return tiles(rows, tile_rows); }
        index panels() const { return tiles(block.columns, tile_columns); }

        /// Slivers [first, first + count) of the left factor; none behind its end.
        Block slivers_from(index first, index count) const {
            index const row = (std::min)(first * tile_rows, rows);
            return {row, block.row, (std::min)(count * tile_rows, rows - row), block.rows};
        }
        Block panel(index p) const {
            index const c = p * tile_columns;
            return {block.row, block.column + c, block.rows,
                    (std::min)(tile_columns, block.columns - c)};
        }
    };

    static constexpr index tiles(index n, index tile) { return (n + tile - 1) / tile; }
    /// What all slivers of a block of the depth take.
    static constexpr index packed_rows(ProductSize n) {
        return tiles(n.rows, tile_rows) * Packing::sliver_size((std::min)(block_depth, n.depth));
    }
    static constexpr index panel_size(index depth) {
        return tile_columns * Packing::lanes_of(depth);
    }

    /// Threads share the columns; all rows are packed before.
    static void few_rows(Policy policy, Sweep const& s, Number* packed) {
        auto const pack = [&](index begin, index end) {
            Packing::slivers(s.left, s.slivers_from(begin, end - begin),
                             packed + begin * Packing::sliver_size(s.depth()));
        };
        parallel_for(policy, s.slivers(), pack, grain_of(grain_copies, tile_rows * s.depth()));
        auto const some = [&](index begin, index end) {
            alignas(alignment) Piece panel;
            for (index p = begin; p < end; ++p) {
                index const done = pack_panel(s, p, packed, panel.data());
                for (index t = done; t < s.slivers(); ++t) {
                    if (done == 0 && p + 1 < end) {
                        Packing::fetch(s.right, s.panel(p + 1), t, s.slivers());
                    }
                    Tile::add(tile(s, {0, s.slivers()}, t, p, packed, panel.data()));
                }
            }
        };
        parallel_for(policy, s.panels(), some,
                     grain_of(grain_work, s.rows * s.depth() * tile_columns));
    }

    /// Packs a panel; returns how many tiles were computed on the way.
    static index pack_panel(Sweep const& s, index p, Number const* slivers, Number* packed) {
        Block const panel = s.panel(p);
        if (!s.right.by_columns && s.rows >= tile_rows && panel.columns == tile_columns) {
            Tile::add_and_pack(tile(s, {0, s.slivers()}, 0, p, slivers, packed),
                               s.right.at(panel.row, panel.column), s.right.stride, s.depth(),
                               packed);
            return 1;
        }
        Packing::panel(s.right, panel, packed);
        return 0;
    }

    /// Threads share the rows; all panels are packed before.
    static void many_rows(Policy policy, Sweep const& s, Number* packed) {
        auto const pack = [&](index begin, index end) {
            for (index p = begin; p < end; ++p) {
                Packing::panel(s.right, s.panel(p), packed + p * panel_size(s.depth()));
            }
        };
        parallel_for(policy, s.panels(), pack, grain_of(grain_copies, panel_size(s.depth())));
        auto const some = [&](index begin, index end) {
            alignas(alignment) Piece slivers;
            index const most = piece_size / Packing::sliver_size(s.depth());
            for (index count = 0; begin < end; begin += count) {
                count = (std::min)(most, end - begin);
                Packing::slivers(s.left, s.slivers_from(begin, count), slivers.data());
                block_of_rows(s, {begin, begin + count}, slivers.data(), packed);
            }
        };
        parallel_for(policy, s.slivers(), some,
                     grain_of(grain_work, tile_rows * s.depth() * s.block.columns));
    }

    /// Slivers [begin, end).
    struct Range {
        index begin, end;
    };

    /// Some packed slivers times all packed panels, while as many slivers are asked for.
    static void block_of_rows(Sweep const& s, Range range, Number const* slivers,
                              Number const* panels) {
        index const count = range.end - range.begin;
        Block const next = s.slivers_from(range.end, count);
        for (index p = 0; p < s.panels(); ++p) {
            for (index t = 0; t < count; ++t) {
                Packing::fetch(s.left, next, p * count + t, s.panels() * count);
                Tile::add(tile(s, range, t, p, slivers, panels + p * panel_size(s.depth())));
            }
        }
    }

    /// Tile t of a range of slivers, which lie in `left`, and a panel, which lies in `right`.
    static Tile tile(Sweep const& s, Range range, index t, index panel, Number const* left,
                     Number const* right) {
        index const row = (range.begin + t) * tile_rows;
        index const column = panel * tile_columns;
        bool const last = range.begin + t + 1 == range.end;
        index const next_row = last ? range.begin * tile_rows : row + tile_rows;
        index const next_column = last ? column + tile_columns : column;
        return {(std::min)(tile_rows, s.rows - row),
                (std::min)(tile_columns, s.block.columns - column),
                Packing::lanes_of(s.depth()),
                left + t * Packing::sliver_size(s.depth()),
                s.left.by_columns,
                right,
                s.from_zero,
                s.result + row * s.stride + column,
                s.stride,
                s.result + next_row * s.stride + next_column,
                next_column < s.block.columns ? (std::min)(tile_rows, s.rows - next_row) : 0};
    }
};

}  // namespace spikelet::kernels
