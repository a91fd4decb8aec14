// SPDX-License-Identifier: MIT
// The product of many rows of packed spikes, result [rows, columns] += spikes right, by tables. For
// a panel of columns and a block of the depth, the sums of all sixteen patterns of every group of
// four right rows are computed once; a row of the result then adds one entry per group:
//
//   table [groups][16][panel]      an entry is two cache lines, a block 32 or 64 KiB
//   result[r] += table[g][pattern of group g in row r]      g ascending
//
// That is a quarter of the additions that a dense product has multiply-adds, at any density, and
// fewer where whole groups are silent: these are left out (Lists::fired), until nearly all fire and
// several rows at once are faster (Lists::all). The table costs as much as about 15 rows of a
// result, so it takes many rows to pay.
#pragma once

#include <algorithm>

#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/blocked_product.hpp>
#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/spike_groups.hpp>

namespace spikelet::kernels {

/// Which groups a row adds: those that fired, or all of them (silent ones add zero).
enum class Lists { fired, all };

/// Rows of packed spikes: row r starts at word r * stride.
struct SpikeRows {
    word const* data;
    index stride;
};

/// Products of spikes with tables of T.
template <class T, class Policy>
class GroupedProduct {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    // Two cache lines, which most processors fetch together.
    static constexpr index panel = 128 / static_cast<index>(sizeof(T));
    static constexpr index batches = panel / width;
    // Sums in registers: half of 16, so that additions do not wait for each other.
    static constexpr index rows_at_once = std::max<index>(8 / batches, 1);
    // A table is at home in the L1 cache where all groups are read, near it where few are.
    static constexpr index all_depth = 64;
    static constexpr index fired_depth = 128;
    static constexpr index largest_groups = fired_depth / group_size;
    // Fewer additions are not worth another thread.
    static constexpr index grain_work = index{1} << 17;

    using Sums = std::array<Batch, static_cast<std::size_t>(batches)>;
    using Table = std::array<T, static_cast<std::size_t>(largest_groups* group_patterns* panel)>;

public:
    /// Bytes of scratch that run() needs.
    static constexpr index workspace(ProductSize n) {
        index const blocks = (n.depth + fired_depth - 1) / fired_depth;
        index const entries = n.rows * blocks * (largest_groups + 1);  // groups, and their count
        return entries * static_cast<index>(sizeof(GroupEntry));
    }

    /// result = spikes right, or result += spikes right; right [depth, columns].
    static void run(Policy policy, ProductSize n, SpikeRows spikes, T const* right, Start start,
                    T* result, Lists lists, void* workspace) {
        Work const work{n, spikes, right, start, result, static_cast<GroupEntry*>(workspace)};
        if (lists == Lists::all) {
            run<all_depth, Lists::all>(policy, work);
        } else {
            run<fired_depth, Lists::fired>(policy, work);
        }
    }

private:
    struct Work {
        ProductSize n;
        SpikeRows spikes;
        T const* right;
        Start start;
        T* result;
        GroupEntry* entries;
    };

    /// The entries of a block of the depth lie together, row after row.
    template <index Depth>
    struct Layout {
        static constexpr index row = Depth / group_size;
        index rows, depth;

        index blocks() const { return (depth + Depth - 1) / Depth; }
        GroupEntry* entries(GroupEntry* all, index block) const { return all + block * rows * row; }
        GroupEntry* counts(GroupEntry* all, index block) const {
            return all + (blocks() * row + block) * rows;
        }
        index words(index block) const {
            index const first = block * Depth / bits_per_word;
            return std::min(Depth / bits_per_word, Element<bit>::row_units(depth) - first);
        }
    };

    template <index Depth, Lists L>
    static void run(Policy policy, Work const& w) {
        Layout<Depth> const layout{w.n.rows, w.n.depth};
        auto const list_some = [&](index begin, index end) {
            for (index b = 0; b < layout.blocks(); ++b) {
                list<Depth, L>(w, layout, b, begin, end);
            }
        };
        parallel_for(policy, w.n.rows, list_some, grain_of(grain_work, w.n.depth));
        auto const add_some = [&](index begin, index end) {
            for (index p = begin; p < end; ++p) { add_panel<Depth, L>(w, layout, p * panel); }
        };
        parallel_for(policy, (w.n.columns + panel - 1) / panel, add_some,
                     grain_of(grain_work, w.n.rows * w.n.depth / group_size));
    }

    template <index Depth, Lists L>
    static void list(Work const& w, Layout<Depth> layout, index block, index begin, index end) {
        GroupEntry* entries = layout.entries(w.entries, block) + begin * layout.row;
        GroupEntry* const counts = layout.counts(w.entries, block);
        word const* spikes =
            w.spikes.data + begin * w.spikes.stride + block * Depth / bits_per_word;
        index const words = layout.words(block);
        for (index r = begin; r < end; ++r, entries += layout.row, spikes += w.spikes.stride) {
            if constexpr (L == Lists::all) {
                SpikeGroups<Policy>::list_all(spikes, words, entries);
            } else {
                counts[r] = static_cast<GroupEntry>(
                    SpikeGroups<Policy>::list_fired(spikes, words, entries));
            }
        }
    }

    template <index Depth, Lists L>
    static void add_panel(Work const& w, Layout<Depth> layout, index column) {
        alignas(alignment) Table table;
        index const columns = std::min(panel, w.n.columns - column);
        for (index b = 0; b < layout.blocks(); ++b) {
            index const depth = std::min(Depth, w.n.depth - b * Depth);
            fill(w.right + b * Depth * w.n.columns + column, w.n.columns, depth, columns, table);
            Panel const at{w.result + column, w.n.columns, columns,
                           b == 0 && w.start == Start::zero};
            GroupEntry const* const entries = layout.entries(w.entries, b);
            if constexpr (L == Lists::all) {
                add_all<Depth>(at, table, entries, groups_of(depth), w.n.rows);
            } else {
                add_fired<Depth>(at, table, entries, layout.counts(w.entries, b), w.n.rows);
            }
        }
    }

    /// Some columns of the result, and whether they start from zero.
    struct Panel {
        T* result;
        index stride, columns;
        bool from_zero;

        Batch load(index row, index batch) const {
            if (from_zero) { return Batch(T(0)); }
            T const* const at = result + row * stride + batch * width;
            index const left = columns - batch * width;
            if (left >= width) { return simd::load<Batch>(at, simd::Full{}); }
            return left > 0 ? simd::load<Batch>(at, simd::Part{left}) : Batch(T(0));
        }
        void store(index row, index batch, Batch const& sum) const {
            T* const at = result + row * stride + batch * width;
            index const left = columns - batch * width;
            if (left >= width) {
                simd::store(at, sum, simd::Full{});
            } else if (left > 0) {
                simd::store(at, sum, simd::Part{left});
            }
        }
    };

    static T const* entry(Table const& table, GroupEntry e) { return table.data() + e * panel; }

    /// One row after another, its groups that fired.
    template <index Depth>
    [[gnu::flatten]] static void add_fired(Panel at, Table const& table, GroupEntry const* entries,
                                           GroupEntry const* counts, index rows) {
        for (index r = 0; r < rows; ++r, entries += Depth / group_size) {
            Sums sums;
            simd::unrolled<batches>([&](auto b) { sums[b] = at.load(r, b); });
            for (index e = 0; e < counts[r]; ++e) {
                T const* const sum = entry(table, entries[e]);
                simd::unrolled<batches>([&](auto b) {
                    sums[b] += simd::load<Batch>(sum + static_cast<index>(b) * width, simd::Full{});
                });
            }
            simd::unrolled<batches>([&](auto b) { at.store(r, b, sums[b]); });
        }
    }

    /// All groups, some rows at once.
    template <index Depth>
    static void add_all(Panel at, Table const& table, GroupEntry const* entries, index groups,
                        index rows) {
        index r = 0;
        for (; r + rows_at_once <= rows; r += rows_at_once) {
            add_rows<Depth, rows_at_once>(at, table, entries + r * (Depth / group_size), groups, r);
        }
        for (; r < rows; ++r) {
            add_rows<Depth, 1>(at, table, entries + r * (Depth / group_size), groups, r);
        }
    }

    template <index Depth, index Rows>
    [[gnu::flatten]] static void add_rows(Panel at, Table const& table, GroupEntry const* entries,
                                          index groups, index row) {
        std::array<Sums, static_cast<std::size_t>(Rows)> sums;
        simd::unrolled<Rows>([&](auto r) {
            simd::unrolled<batches>(
                [&](auto b) { sums[r][b] = at.load(row + static_cast<index>(r), b); });
        });
        for (index g = 0; g < groups; ++g) {
            simd::unrolled<Rows>([&](auto r) {
                constexpr index ahead = static_cast<index>(r.value) * (Depth / group_size);
                T const* const sum = entry(table, entries[ahead + g]);
                simd::unrolled<batches>([&](auto b) {
                    sums[r][b] +=
                        simd::load<Batch>(sum + static_cast<index>(b) * width, simd::Full{});
                });
            });
        }
        simd::unrolled<Rows>([&](auto r) {
            simd::unrolled<batches>(
                [&](auto b) { at.store(row + static_cast<index>(r), b, sums[r][b]); });
        });
    }

    /// The sums of all patterns of `depth` right rows; zero beyond `columns`.
    static void fill(T const* right, index stride, index depth, index columns, Table& table) {
        for (index d = 0; d < depth; d += group_size, right += group_size * stride) {
            T* const to = table.data() + d * (group_patterns / group_size) * panel;
            for (index b = 0; b < batches; ++b) {
                index const left = columns - b * width;
                Group rows;
                for (index i = 0; i < group_size; ++i) {
                    T const* const row = right + i * stride + b * width;
                    rows[static_cast<std::size_t>(i)] =
                        d + i >= depth || left <= 0 ? Batch(T(0))
                        : left >= width             ? simd::load<Batch>(row, simd::Full{})
                                                    : simd::load<Batch>(row, simd::Part{left});
                }
                fill_group(rows, to + b * width);
            }
        }
    }

    using Group = std::array<Batch, static_cast<std::size_t>(group_size)>;

    /// Each pattern is the one without its last input, plus that input.
    [[gnu::flatten]] static void fill_group(Group const& rows, T* to) {
        std::array<Batch, static_cast<std::size_t>(group_patterns)> sums;
        sums[0] = Batch(T(0));
        simd::unrolled<group_size>([&](auto i) {
            constexpr std::size_t first = std::size_t{1} << i.value;
            sums[first] = rows[i];
            simd::unrolled<static_cast<index>(first) - 1>(
                [&](auto p) { sums[first + p + 1] = sums[p + 1] + rows[i]; });
        });
        simd::unrolled<group_patterns>([&](auto p) {
            simd::store(to + static_cast<index>(p) * panel, sums[p], simd::Full{});
        });
    }
};

}  // namespace spikelet::kernels
