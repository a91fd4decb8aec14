// SPDX-License-Identifier: MIT
// The product of many rows of packed spikes with T, result [rows, columns] += spikes right, panel
// by panel. What each row adds of a block of the depth is listed once (panel_lists.hpp); for every
// panel of columns the right rows of the block are copied side by side into a table, and each row
// of the result adds what it lists: one entry for each group that fired, a right row or, behind
// these in the table, a sum of several, which is there if any row needs it.
//
// So rows meet no branch but the end of their list. What bounds them is how fast entries arrive: 32
// bytes a cycle from the L2 cache, twice that as far as they are in L1. Copies pay because rows of
// a matrix are often a power of two apart and then share few sets of a cache; they cost as much as
// some 30 to 80 rows of a result. Rows of the result are asked for ahead.
#pragma once

#include <array>
#include <type_traits>

#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/blocked_product.hpp>
#include <spikelet/kernels/panel_lists.hpp>
#include <spikelet/kernels/result_panel.hpp>

namespace spikelet::kernels {

/// Products of many rows of spikes with T.
template <class T, class Policy>
class PanelProduct {
    using Batch = simd::Batch<T, Policy>;
    using Lists = PanelLists<Policy>;
    static constexpr index width = simd::width<Batch>;
    // Four cache lines.
    static constexpr index panel = 256 / static_cast<index>(sizeof(T));
    static constexpr index batches = panel / width;
    static constexpr index most_inputs = 256;
    // Rows of the result ahead that are asked for.
    static constexpr index ahead = 6;
    // Fewer additions are not worth another thread.
    static constexpr index grain_work = index{1} << 17;

    using Sums = PanelSums<Batch, panel>;

public:
    /// Inputs whose right rows are in a table, where so many groups fire, in percent: the fewer
    /// inputs, the nearer the table is to the processor; the more, the less often rows of the
    /// result are fetched.
    static constexpr index inputs_for(index groups_fired) {
        return groups_fired < 20 ? 256 : groups_fired < 70 ? 128 : 64;
    }

    /// Bytes of scratch that run() needs.
    static constexpr index workspace(ProductSize n) {
        index most = 0;
        for (index inputs = 64; inputs <= most_inputs; inputs *= 2) {
            most = (std::max)(most, blocks(n, inputs) * Lists::bytes(n.rows, inputs));
        }
        return most;
    }

    /// result = spikes right, or result += spikes right; right [depth, columns]; `inputs` is one
    /// of inputs_for().
    static void run(Policy policy, ProductSize n, index inputs, SpikeRows spikes, T const* right,
                    Start start, T* result, void* workspace) {
        if (n.depth == 0 && start == Start::zero) { std::fill_n(result, n.rows * n.columns, T(0)); }
        Work const w{n, inputs, right, start, result, static_cast<std::byte*>(workspace)};
        auto const list_some = [&](index begin, index end) {
            for (index b = begin; b < end; ++b) {
                index const first = b * inputs / bits_per_word;
                w.lists(b).list({spikes.data + first, spikes.stride}, n.rows, w.inputs_of(b));
            }
        };
        parallel_for(policy, blocks(n, inputs), list_some, grain_of(grain_work, n.rows * inputs));
        auto const add_some = [&](index begin, index end) {
            for (index p = begin; p < end; ++p) { add_panel(w, p * panel); }
        };
        parallel_for(policy, (n.columns + panel - 1) / panel, add_some,
                     grain_of(grain_work, n.rows * n.depth / group_size));
    }

private:
    /// At most 240 KiB of stack.
    using Table = std::array<T, static_cast<std::size_t>(Lists::places(most_inputs) * panel)>;

    struct Work {
        ProductSize n;
        index inputs;
        T const* right;
        Start start;
        T* result;
        std::byte* workspace;

        [[nodiscard]] Lists lists(index block) const {
            return {workspace + block * Lists::bytes(n.rows, inputs), n.rows, inputs_of(block)};
        }
        [[nodiscard]] index inputs_of(index block) const {
            return (std::min)(inputs, n.depth - block * inputs);
        }
    };

    static constexpr index blocks(ProductSize n, index inputs) {
        return (n.depth + inputs - 1) / inputs;
    }

    static void add_panel(Work const& w, index column) {
        alignas(alignment) Table table;
        index const columns = (std::min)(panel, w.n.columns - column);
        for (index b = 0; b < blocks(w.n, w.inputs); ++b) {
            Lists const lists = w.lists(b);
            copy_panel<Batch, panel>(w.right + b * w.inputs * w.n.columns + column, w.n.columns,
                                     w.inputs_of(b), columns, table.data());
            add_up(lists, table.data(), table.data() + Lists::rows_of(w.inputs_of(b)) * panel);
            bool const from_zero = b == 0 && w.start == Start::zero;
            with_panel<Batch, panel>(w.result + column, w.n.columns, from_zero, columns,
                                     [&](auto at) { add_rows(at, lists, table.data(), w.n.rows); });
        }
    }

    /// The sums that occur, from the right rows.
    [[gnu::flatten]] static void add_up(Lists lists, T const* rows, T* to) {
        for (GroupEntry const* sum = lists.sums_begin(); sum != lists.sums_end(); ++sum) {
            T const* const group = rows + *sum / group_patterns * group_size * panel;
            unsigned rest = *sum % group_patterns;
            Sums total;
            simd::unrolled<batches>(
                [&](auto b) { total[b] = batch(group + std::countr_zero(rest) * panel, b); });
            for (rest &= rest - 1; rest != 0; rest &= rest - 1) {
                T const* const row = group + std::countr_zero(rest) * panel;
                simd::unrolled<batches>([&](auto b) { total[b] += batch(row, b); });
            }
            WholePanel<Batch, panel>{to, 0, false}.store(0, total);
            to += panel;
        }
    }

    static Batch batch(T const* row, std::size_t b) {
        return simd::load<Batch>(row + static_cast<index>(b) * width, simd::Full{});
    }

    template <class Panel>
    [[gnu::flatten]] static void add_rows(Panel at, Lists lists, T const* table, index rows) {
        for (index r = 0; r < rows; ++r) {
            if constexpr (std::is_same_v<Panel, WholePanel<Batch, panel>>) {
                fetch_panel<panel>(at.result + (std::min)(r + ahead, rows - 1) * at.stride);
            }
            Sums sums = at.load(r);
            auto const* const end = lists.end(r);
            for (auto const* entry = lists.begin(r); entry != end; ++entry) {
                T const* const row = table + *entry * panel;
                simd::unrolled<batches>([&](auto b) { sums[b] += batch(row, b); });
            }
            at.store(r, sums);
        }
    }
};

}  // namespace spikelet::kernels
