// SPDX-License-Identifier: MIT
// The dense product of many rows, result [rows, columns] += left right:
//   result[r][c] = fma(left[r][d], right[d][c], ... fma(left[r][0], right[0][c], result[r][c]))
// One ascending chain over the depth d; cutting the depth into blocks stores and reloads the sums
// and changes no bit. Blocks of the right factor are packed into the workspace, rows of the left
// one on the stack of the thread that needs them (Goto and van de Geijn, "Anatomy of
// high-performance matrix multiplication", ACM TOMS 34, 2008).
#pragma once

#include <array>
#include <utility>

#include <spikelet/kernels/packing.hpp>
#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Left is rows x depth, right is depth x columns.
struct ProductSize {
    index rows, depth, columns;
};

/// What a product starts from: nothing, or what the result already holds.
enum class Start { zero, result };

/// Products of T on Policy's processor. Factors are ByRows, ByColumns, or whatever else has a
/// Packing.
template <class T, class Policy>
class BlockedProduct {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    // The register tile: its sums, a row of the panel and one factor fill the registers.
    static constexpr index tile_rows = simd::registers<Batch> == 32 ? 12 : 6;
    static constexpr index tile_batches = 2;
    static constexpr index tile_columns = tile_batches * width;
    // The deeper a block, the less often the result is fetched; a panel streams out of the L2.
    static constexpr index block_depth = 512;
    // Packed columns: 1 MiB, a usual L2 cache.
    static constexpr index block_columns = 2048 / static_cast<index>(sizeof(T));
    // Packed rows: 72 KiB of stack.
    static constexpr index block_tiles =
        72 * 1024 / static_cast<index>(sizeof(T)) / (block_depth * tile_rows);
    static constexpr index sliver_size = tile_rows * block_depth;
    // Fewer multiply-adds, or fewer copies, are not worth another thread.
    static constexpr index grain_work = index{1} << 18;
    static constexpr index grain_copies = index{1} << 15;

    using Packing = kernels::Packing<tile_rows, tile_columns, Batch>;
    using Sums = std::array<Batch, static_cast<std::size_t>(tile_rows* tile_batches)>;
    using Tile = std::array<T, static_cast<std::size_t>(tile_rows* tile_columns)>;
    using Slivers = std::array<T, static_cast<std::size_t>(block_tiles* sliver_size)>;

public:
    /// Units of scratch that run() needs.
    static constexpr index workspace(ProductSize n) {
        return std::min(block_depth, n.depth) *
               (tiles(std::min(block_columns, n.columns), tile_columns) * tile_columns);
    }

    /// result = left right, or result += left right.
    template <class Left, class Right>
    static void run(Policy policy, ProductSize n, Left left, Right right, Start start, T* result,
                    T* workspace) {
        for (index column = 0; column < n.columns; column += block_columns) {
            index const columns = std::min(block_columns, n.columns - column);
            for (index d = 0; d < n.depth; d += block_depth) {
                Block const block{d, column, std::min(block_depth, n.depth - d), columns};
                pack(policy, right, block, workspace);
                Sweep const sweep{n.rows,    block,
                                  n.columns, d == 0 && start == Start::zero,
                                  workspace, result + column};
                multiply(policy, left, sweep);
            }
        }
        if (n.depth == 0 && start == Start::zero) { std::fill_n(result, n.rows * n.columns, T(0)); }
    }

private:
    /// All rows times one packed block of the right factor.
    struct Sweep {
        index rows;
        Block block;
        index stride;
        bool from_zero;
        T const* packed;
        T* result;
    };

    static constexpr index tiles(index n, index tile) { return (n + tile - 1) / tile; }

    template <class Right>
    static void pack(Policy policy, Right right, Block block, T* packed) {
        auto const some = [=](index begin, index end) {
            for (index p = begin; p < end; ++p) {
                index const c = p * tile_columns;
                index const columns = std::min(tile_columns, block.columns - c);
                Packing::panel(right, Block{block.row, block.column + c, block.rows, columns},
                               packed + c * block.rows);
            }
        };
        parallel_for(policy, tiles(block.columns, tile_columns), some,
                     1 + grain_copies / (block.rows * tile_columns));
    }

    /// Shares the result out in tiles of rows; where these are few, also in parts of the columns.
    template <class Left>
    static void multiply(Policy policy, Left left, Sweep const& s) {
        index const slivers = tiles(s.rows, tile_rows);
        index const panels = tiles(s.block.columns, tile_columns);
        index const threads = thread_count(policy);
        index const parts = slivers < 8 * threads ? std::min(threads, panels) : 1;
        auto const some = [&](index begin, index end) {
            alignas(alignment) Slivers packed;
            for (index count = 0; begin < end; begin += count) {
                index const part = begin / slivers;
                index const first = begin % slivers;
                count = std::min({end - begin, slivers - first, block_tiles});
                pack(left, s, first, count, packed.data());
                for (index p = panels * part / parts; p < panels * (part + 1) / parts; ++p) {
                    for (index t = 0; t < count; ++t) {
                        fetch(s, (first + t + 1) * tile_rows, p * tile_columns);
                        tile<Packing::run(Left{})>(s, (first + t) * tile_rows, p * tile_columns,
                                                   packed.data() + t * sliver_size);
                    }
                }
            }
        };
        index const work = tile_rows * s.block.rows * (s.block.columns / parts);
        parallel_for(policy, slivers * parts, some, 1 + grain_work / (work + 1));
    }

    template <class Left>
    static void pack(Left left, Sweep const& s, index first, index count, T* packed) {
        index const row = first * tile_rows;
        index const rows = std::min(count * tile_rows, s.rows - row);
        Packing::slivers(left, Block{row, s.block.row, rows, s.block.rows}, packed, sliver_size);
    }

    /// Asks for the result of a tile that comes soon.
    static void fetch(Sweep const& s, index row, index column) {
        T const* at = s.result + row * s.stride + column;
        for (index r = 0; r < std::min(tile_rows, s.rows - row); ++r, at += s.stride) {
            for (index c = 0; c < tile_columns; c += width) { simd::prefetch(at + c); }
        }
    }

    /// One register tile; at the edges of the result a copy of it.
    template <index Run>
    static void tile(Sweep const& s, index row, index column, T const* left) {
        index const rows = std::min(tile_rows, s.rows - row);
        index const columns = std::min(tile_columns, s.block.columns - column);
        index const depth = s.block.rows;
        T const* const right = s.packed + column * depth;
        T* const result = s.result + row * s.stride + column;
        if (rows == tile_rows && columns == tile_columns) {
            whole_tile<Run>(depth, left, right, s.from_zero, result, s.stride);
            return;
        }
        alignas(alignment) Tile copy{};
        for (index r = 0; r < rows && !s.from_zero; ++r) {
            std::copy_n(result + r * s.stride, columns, copy.data() + r * tile_columns);
        }
        whole_tile<Run>(depth, left, right, s.from_zero, copy.data(), tile_columns);
        for (index r = 0; r < rows; ++r) {
            std::copy_n(copy.data() + r * tile_columns, columns, result + r * s.stride);
        }
    }

    template <index Run>
    [[gnu::flatten]] static void whole_tile(index depth, T const* left, T const* right,
                                            bool from_zero, T* result, index stride) {
        Sums sums;
        if (from_zero) {
            sums.fill(Batch(T(0)));
        } else {
            simd::unrolled<tile_rows * tile_batches>(
                [&](auto i) { sums[i] = simd::load<Batch>(at(result, stride, i), simd::Full{}); });
        }
        index d = 0;
        for (; d + Run <= depth; d += Run, left += Run * tile_rows) {
            for (index i = 0; i < Run; ++i, right += tile_columns) {
                add_outer_product<Run>(sums, left + i, right);
            }
        }
        for (; d < depth; ++d, ++left, right += tile_columns) {
            add_outer_product<Run>(sums, left, right);
        }
        simd::unrolled<tile_rows * tile_batches>(
            [&](auto i) { simd::store(at(result, stride, i), sums[i], simd::Full{}); });
    }

    /// Where sum i of a tile belongs.
    static T* at(T* result, index stride, index i) {
        return result + i / tile_batches * stride + i % tile_batches * width;
    }

    /// sums += (a column of the sliver) (a row of the panel).
    template <index Run>
    static void add_outer_product(Sums& sums, T const* left, T const* right) {
        std::array<Batch, tile_batches> row;
        simd::unrolled<tile_batches>([&](auto b) {
            row[b] = simd::load<Batch>(right + static_cast<index>(b) * width, simd::Full{});
        });
        simd::unrolled<tile_rows>([&](auto r) {
            Batch const x(left[static_cast<index>(r) * Run]);
            simd::unrolled<tile_batches>([&](auto b) {
                auto& sum = sums[r * tile_batches + b];
                sum = simd::fma(x, row[b], sum);
            });
        });
    }
};

}  // namespace spikelet::kernels
