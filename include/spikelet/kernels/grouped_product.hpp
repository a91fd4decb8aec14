// SPDX-License-Identifier: MIT
// The product of many rows of packed spikes, result [rows, columns] += spikes right, by tables. For
// a panel of columns and a block of the depth, the sums of all sixteen patterns of every group of
// four right rows are computed once; a row of the result then adds one entry per group:
//
//   table [groups][16][panel]
//   result[r] += table[g][pattern of group g in row r]      g ascending
//
// That is a quarter of the additions that a dense product has multiply-adds, at any density, and
// fewer where whole groups are silent: these are left out (Form::fired), until nearly all fire and
// several rows at once are faster (Form::all). What bounds both is how fast entries arrive: all of
// a table are read in turn, so it must fit the L1 cache; of a sparse one mostly the four patterns
// with a single spike are, which are as many bytes as the right rows themselves. A table costs as
// much as about 15 rows of a result, so it takes many rows to pay.
#pragma once

#include <algorithm>

#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/blocked_product.hpp>
#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/spike_groups.hpp>

namespace spikelet::kernels {

/// Which groups a row adds: those that fired, or all of them (silent ones add zero).
enum class Form { fired, all };

/// Products of many rows of spikes with T.
template <class T, class Policy, Form form>
class GroupedProduct {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    // An entry is four or two cache lines, the table of a block 128 or 32 KiB, on the stack of the
    // thread that uses it.
    static constexpr index panel =
        (form == Form::fired ? 256 : 128) / static_cast<index>(sizeof(T));
    static constexpr index block_depth = form == Form::fired ? 128 : 64;
    static constexpr index block_groups = block_depth / group_size;
    static constexpr index batches = panel / width;
    // Sums in registers where all groups are added: half of 16, so that no addition waits.
    static constexpr index rows_at_once = std::max<index>(8 / batches, 1);
    // Fewer additions are not worth another thread.
    static constexpr index grain_work = index{1} << 17;

    using Sums = std::array<Batch, static_cast<std::size_t>(batches)>;
    using Group = std::array<Batch, static_cast<std::size_t>(group_size)>;
    using Table = std::array<T, static_cast<std::size_t>(block_groups* group_patterns* panel)>;

public:
    /// Bytes of scratch that run() needs.
    static constexpr index workspace(ProductSize n) {
        index const entries = n.rows * blocks(n) * (block_groups + 1);  // groups, and their count
        return entries * static_cast<index>(sizeof(GroupEntry));
    }

    /// result = spikes right, or result += spikes right; right [depth, columns].
    static void run(Policy policy, ProductSize n, SpikeRows spikes, T const* right, Start start,
                    T* result, void* workspace) {
        if (n.depth == 0 && start == Start::zero) { std::fill_n(result, n.rows * n.columns, T(0)); }
        Work const work{n, spikes, right, start, result, static_cast<GroupEntry*>(workspace)};
        auto const list_some = [&](index begin, index end) {
            for (index b = 0; b < blocks(n); ++b) { list(work, b, begin, end); }
        };
        parallel_for(policy, n.rows, list_some, grain_of(grain_work, n.depth));
        auto const add_some = [&](index begin, index end) {
            for (index p = begin; p < end; ++p) { add_panel(work, p * panel); }
        };
        parallel_for(policy, (n.columns + panel - 1) / panel, add_some,
                     grain_of(grain_work, n.rows * n.depth / group_size));
    }

private:
    struct Work {
        ProductSize n;
        SpikeRows spikes;
        T const* right;
        Start start;
        T* result;
        GroupEntry* workspace;

        /// The entries of a block, block_groups for each row.
        GroupEntry* entries(index block) const { return workspace + block * n.rows * block_groups; }
        /// How many of these are in use, for each row.
        GroupEntry* counts(index block) const {
            return workspace + (blocks(n) * block_groups + block) * n.rows;
        }
    };

    static constexpr index blocks(ProductSize n) {
        return (n.depth + block_depth - 1) / block_depth;
    }

    /// Lists the groups of rows [begin, end).
    static void list(Work const& w, index block, index begin, index end) {
        index const first = block * block_depth / bits_per_word;
        index const words =
            std::min(block_depth / bits_per_word, Element<bit>::row_units(w.n.depth) - first);
        GroupEntry* entries = w.entries(block) + begin * block_groups;
        word const* spikes = w.spikes.data + begin * w.spikes.stride + first;
        for (index r = begin; r < end; ++r, entries += block_groups, spikes += w.spikes.stride) {
            if constexpr (form == Form::fired) {
                w.counts(block)[r] = static_cast<GroupEntry>(
                    SpikeGroups<Policy>::list_fired(spikes, words, entries));
            } else {
                SpikeGroups<Policy>::list_all(spikes, words, entries);
            }
        }
    }

    static void add_panel(Work const& w, index column) {
        alignas(alignment) Table table;
        index const columns = std::min(panel, w.n.columns - column);
        for (index b = 0; b < blocks(w.n); ++b) {
            index const depth = std::min(block_depth, w.n.depth - b * block_depth);
            fill(w.right + b * block_depth * w.n.columns + column, w.n.columns, depth, columns,
                 table);
            bool const from_zero = b == 0 && w.start == Start::zero;
            Addends const addends{table.data(), w.entries(b), w.counts(b), groups_of(depth)};
            if (columns == panel) {
                add(Whole{w.result + column, w.n.columns, from_zero}, addends, w.n.rows);
            } else {
                add(Edge{w.result + column, w.n.columns, from_zero, columns}, addends, w.n.rows);
            }
        }
    }

    /// What is added to a panel: the table, and the entries of every row.
    struct Addends {
        T const* table;
        GroupEntry const *entries, *counts;
        index groups;

        void add(index row, index e, Sums& sums) const {
            T const* const entry = table + entries[row * block_groups + e] * panel;
            simd::unrolled<batches>([&](auto b) {
                sums[b] += simd::load<Batch>(entry + static_cast<index>(b) * width, simd::Full{});
            });
        }
    };

    /// A panel of the result.
    struct Whole {
        T* result;
        index stride;
        bool from_zero;

        Sums load(index row) const {
            Sums sums;
            T const* const at = result + row * stride;
            if (from_zero) {
                simd::unrolled<batches>([&](auto b) { sums[b] = Batch(T(0)); });
            } else {
                simd::unrolled<batches>([&](auto b) {
                    sums[b] = simd::load<Batch>(at + static_cast<index>(b) * width, simd::Full{});
                });
            }
            return sums;
        }
        void store(index row, Sums const& sums) const {
            T* const at = result + row * stride;
            simd::unrolled<batches>([&](auto b) {
                simd::store(at + static_cast<index>(b) * width, sums[b], simd::Full{});
            });
        }
    };

    /// The last panel, which has fewer columns.
    struct Edge {
        T* result;
        index stride;
        bool from_zero;
        index columns;

        Sums load(index row) const {
            std::array<T, static_cast<std::size_t>(panel)> copy{};
            if (!from_zero) { std::copy_n(result + row * stride, columns, copy.data()); }
            return Whole{copy.data(), 0, false}.load(0);
        }
        void store(index row, Sums const& sums) const {
            std::array<T, static_cast<std::size_t>(panel)> copy;
            Whole{copy.data(), 0, false}.store(0, sums);
            std::copy_n(copy.data(), columns, result + row * stride);
        }
    };

    template <class Panel>
    static void add(Panel at, Addends const& addends, index rows) {
        if constexpr (form == Form::fired) {
            add_fired(at, addends, rows);
        } else {
            index r = 0;
            for (; r + rows_at_once <= rows; r += rows_at_once) {
                add_all<rows_at_once>(at, addends, r);
            }
            for (; r < rows; ++r) { add_all<1>(at, addends, r); }
        }
    }

    template <class Panel>
    [[gnu::flatten]] static void add_fired(Panel at, Addends addends, index rows) {
        for (index r = 0; r < rows; ++r) {
            Sums sums = at.load(r);
            index const count = addends.counts[r];
            for (index e = 0; e < count; ++e) { addends.add(r, e, sums); }
            at.store(r, sums);
        }
    }

    /// Some rows at once.
    template <index Rows, class Panel>
    [[gnu::flatten]] static void add_all(Panel at, Addends addends, index row) {
        std::array<Sums, static_cast<std::size_t>(Rows)> sums;
        simd::unrolled<Rows>([&](auto r) { sums[r] = at.load(row + static_cast<index>(r)); });
        for (index g = 0; g < addends.groups; ++g) {
            simd::unrolled<Rows>(
                [&](auto r) { addends.add(row + static_cast<index>(r), g, sums[r]); });
        }
        simd::unrolled<Rows>([&](auto r) { at.store(row + static_cast<index>(r), sums[r]); });
    }

    /// The sums of all patterns of `depth` right rows; zero beyond `columns`.
    static void fill(T const* right, index stride, index depth, index columns, Table& table) {
        index const whole = columns == panel ? depth / group_size * group_size : 0;
        T* to = table.data();
        index d = 0;
        for (; d < whole; d += group_size, right += group_size * stride) {
            fill_group(right, stride, to);
            to += group_patterns * panel;
        }
        for (; d < depth; d += group_size, right += group_size * stride) {
            std::array<T, static_cast<std::size_t>(group_size * panel)> copy{};
            for (index i = 0; i < std::min(group_size, depth - d); ++i) {
                std::copy_n(right + i * stride, columns, copy.data() + i * panel);
            }
            fill_group(copy.data(), panel, to);
            to += group_patterns * panel;
        }
    }

    /// Each pattern is the one without its last input, plus that input.
    [[gnu::flatten]] static void fill_group(T const* right, index stride, T* to) {
        for (index c = 0; c < panel; c += width) {
            std::array<Batch, static_cast<std::size_t>(group_patterns)> sums;
            sums[0] = Batch(-T(0));  // which changes nothing it is added to, not even -0
            simd::unrolled<group_size>([&](auto i) {
                Batch const row =
                    simd::load<Batch>(right + static_cast<index>(i) * stride + c, simd::Full{});
                constexpr std::size_t first = std::size_t{1} << i.value;
                sums[first] = row;
                simd::unrolled<static_cast<index>(first) - 1>(
                    [&](auto p) { sums[first + p + 1] = sums[p + 1] + row; });
            });
            simd::unrolled<group_patterns>([&](auto p) {
                simd::store(to + static_cast<index>(p) * panel + c, sums[p], simd::Full{});
            });
        }
    }
};

}  // namespace spikelet::kernels
