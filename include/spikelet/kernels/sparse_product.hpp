// SPDX-License-Identifier: MIT
// The product of many rows of which many numbers are exactly 0, as max(x, 0)^2 makes them, or many
// events silent, result [rows, columns] += left right, without the terms of zeros:
//   result[r][c] = fma(left[r][d], right[d][c], ...) over the d where left[r][d] is not 0
// The chains are those of BlockedProduct, and so are the bits; sparse_rows.hpp names the two
// exceptions, sums that underflowed to -0 and factors that are not finite.
//
// What is not 0 in a block of the depth is listed once (active_lists.hpp). For every panel of
// columns the right rows of the block are copied side by side into a table, and each row of the
// result adds what it lists. What bounds it is how fast the cache delivers, two vectors a cycle
// where a processor starts as many multiply-adds, and how often rows of the result are visited:
// each time a list ends where the processor did not expect it. So few numbers want deep tables,
// many numbers one that fits the L1 cache. Rows of the result are asked for ahead.
#pragma once

#include <algorithm>
#include <type_traits>

#include <spikelet/kernels/active_lists.hpp>
#include <spikelet/kernels/blocked_product.hpp>
#include <spikelet/kernels/result_panel.hpp>

namespace spikelet::kernels {

/// Products whose left factor has many zeros.
template <class T, class Policy>
class SparseProduct {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    // Columns of a panel whose table fills the L1 cache: eight vectors, whose sums stay in
    // registers. And of one with a deep table: four cache lines at most.
    static constexpr index wide = 8 * width;
    static constexpr index narrow = (std::min)(wide, 256 / static_cast<index>(sizeof(T)));
    // Rows of these tables.
    static constexpr index shallow_depth = 32 * 1024 / (wide * static_cast<index>(sizeof(T)));
    static constexpr index most_depth = 512;
    using Table = std::array<T, static_cast<std::size_t>(most_depth* narrow)>;
    using Lists = ActiveLists<T, Policy, most_depth, true>;
    // Rows that meet the same table.
    static constexpr index block_rows = 1024;
    // Rows ahead that are asked for.
    static constexpr index ahead = 6;
    // Fewer multiply-adds, or fewer numbers to look at, are not worth another thread.
    static constexpr index grain_work = index{1} << 17;
    static constexpr index grain_numbers = index{1} << 13;

public:
    /// Bytes of scratch that run() needs.
    static constexpr index workspace(ProductSize n) {
        return Lists::bytes((std::min)(n.rows, block_rows), n.depth);
    }

    /// Whether leaving out zeros pays where so many numbers of a hundred are not 0. Lists must be
    /// read for some panels, and tables by some rows, before making them pays.
    static constexpr bool pays(ProductSize n, index percent) {
        if (n.rows == 0 || n.columns == 0) { return false; }
        auto const rows = static_cast<double>(n.rows);
        auto const columns = static_cast<double>(n.columns);
        auto const padded = static_cast<double>((n.columns + narrow - 1) / narrow * narrow);
        return static_cast<double>(percent) <= 55 * columns / padded - 1280 / columns - 500 / rows;
    }
    /// How deep a table is best where so many numbers of a hundred are not 0; 0 where leaving out
    /// zeros does not pay.
    static constexpr index depth_for(ProductSize n, index percent) {
        if (!pays(n, percent)) { return 0; }
        return percent < 5 ? most_depth : percent < 20 ? most_depth / 2 : shallow_depth;
    }

    /// Of so many rows one says how many of their numbers or events are not 0.
    static constexpr index looked_at = 16;
    /// Numbers of a hundred that are not 0 in x [rows, columns].
    static index percent_active(index rows, index columns, T const* x) {
        return kernels::percent_active(rows, columns, looked_at, [=](index r) {
            return Lists::count_active(x + r * columns, columns);
        });
    }

    /// result = left right, or result += left right; left is a Factor<T> or EventRows, right
    /// [depth, columns]; `table_depth` is one of depth_for().
    template <class Left>
    static void run(Policy policy, ProductSize n, index table_depth, Left left, T const* right,
                    Start start, T* result, std::byte* workspace) {
        if (n.depth == 0 && start == Start::zero) { std::fill_n(result, n.rows * n.columns, T(0)); }
        for (index r = 0; r < n.rows; r += block_rows) {
            index const rows = (std::min)(block_rows, n.rows - r);
            Lists const lists(workspace, rows, n.depth);
            auto const each_table = [&](auto&& f) {
                for (index d = 0; d < n.depth; d += table_depth) {
                    Block const block{r, d, rows, (std::min)(table_depth, n.depth - d)};
                    bool const from_zero = d == 0 && start == Start::zero;
                    f(Work{lists, block, right + d * n.columns, n.columns, from_zero,
                           result + r * n.columns});
                }
            };
            if (table_depth > shallow_depth) {
                add<narrow>(policy, left, rows, n, table_depth, each_table);
            } else {
                add<wide>(policy, left, rows, n, table_depth, each_table);
            }
        }
    }

private:
    /// Rows of a result, and what they list of a block of the depth.
    struct Work {
        Lists lists;
        Block block;
        T const* right;
        index columns;
        bool from_zero;
        T* result;
    };

    /// Some rows, table by table. Threads share rows where each has enough of them for tables of
    /// its own, and wait for each other once. Else they share chunks of lists, then panels, and
    /// wait twice for every table.
    template <index panel, class Left>
    static void add(Policy policy, Left left, index rows, ProductSize n, index table_depth,
                    auto const& each_table) {
        index const chunks = Lists::chunks(rows);
        index const panels = (n.columns + panel - 1) / panel;
        index const threads = thread_count(policy);
        index const enough = std::max<index>(Lists::chunk_rows, table_depth / 4);
        if (threads > 1 && rows >= threads * enough) {
            auto const some = [&](index begin, index end) {
                each_table([&](Work const& w) {
                    w.lists.list(left, w.block, begin, end);
                    for (index p = 0; p < panels; ++p) {
                        add_panel<panel>(w, p * panel, Lists::first_row(begin, rows),
                                         Lists::first_row(end, rows));
                    }
                });
            };
            index const each = rows * n.depth / chunks * n.columns;
            parallel_for(policy, chunks, some, grain_of(grain_work, each / 8));
            return;
        }
        each_table([&](Work const& w) {
            auto const list_some = [&](index begin, index end) {
                w.lists.list(left, w.block, begin, end);
            };
            parallel_for(policy, chunks, list_some,
                         grain_of(grain_numbers, rows * w.block.columns / chunks));
            add_block<panel>(policy, w);
        });
    }

    /// Threads share panels; where these are few, rows as well.
    template <index panel>
    static void add_block(Policy policy, Work const& w) {
        index const panels = (w.columns + panel - 1) / panel;
        index const parts =
            panels == 0 ? 1 : std::max<index>(1, 2 * (thread_count(policy) - 1) / panels);
        auto const some = [&](index begin, index end) {
            for (index i = begin; i < end; ++i) {
                index const part = i % parts;
                add_panel<panel>(w, i / parts * panel, w.block.rows * part / parts,
                                 w.block.rows * (part + 1) / parts);
            }
        };
        parallel_for(policy, panels * parts, some,
                     grain_of(grain_work, w.block.rows * w.block.columns * panel / parts / 8));
    }

    /// Rows [begin, end) of a panel.
    template <index panel>
    static void add_panel(Work const& w, index column, index begin, index end) {
        alignas(alignment) Table table;
        index const columns = (std::min)(panel, w.columns - column);
        copy_panel<Batch, panel>(w.right + column, w.columns, w.block.columns, columns,
                                 table.data());
        with_panel<Batch, panel>(w.result + column, w.columns, w.from_zero, columns, [&](auto at) {
            add_rows<panel>(at, w.lists, table.data(), begin, end);
        });
    }

    template <index panel, class Panel>
    [[gnu::flatten]] static void add_rows(Panel at, Lists lists, T const* table, index begin,
                                          index end) {
        for (index r = begin; r < end; ++r) {
            if constexpr (std::is_same_v<Panel, WholePanel<Batch, panel>>) {
                fetch_panel<panel>(at.result + (std::min)(r + ahead, end - 1) * at.stride);
            }
            auto const row = lists.row(r);
            auto const* place = lists.places_at(row.begin);
            T const* number = lists.numbers_at(row.begin);
            T const* const last = number + row.count;
            auto sums = at.load(r);
            for (; number != last; ++number, ++place) {
                Batch const factor(*number);
                T const* const from = table + *place * panel;
                simd::unrolled<panel / width>([&](auto b) {
                    Batch const numbers =
                        simd::load<Batch>(from + static_cast<index>(b) * width, simd::Full{});
                    sums[b] = simd::fma(factor, numbers, sums[b]);
                });
            }
            at.store(r, sums);
        }
    }
};

}  // namespace spikelet::kernels
