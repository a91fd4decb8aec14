// SPDX-License-Identifier: MIT
// The gradient of the inputs of a linear map where they are not 0, x and dx [M,K], w [K,N],
// dy [M,N]:
//   dx[m][k] += sum over n of dy[m][n] w[k][n]    where x[m][k] is not 0
// ("sampled dense-dense product"). That is all that is read of it where x = max(z, 0)^2, whose
// derivative 2 max(z, 0) is 0 elsewhere.
//
// One ascending chain of each sum, as in other products, would want numbers of many rows of w in
// one vector, which costs more than what is skipped. So this product has an order of its own: N is
// cut into panels of eight batches; lane l of a panel's sum takes every column l of a batch,
// ascending; the lanes of each 16 bytes are added in pairs, then panels to panels, then these sums,
// ascending, and then what dx holds. Bits depend on how many lanes there are, but neither on M nor
// on what else is 0, nor on threads.
//
// The rows of w are copied side by side into a table near the processor; a row of dy is in
// registers while four of its sums at a time pass over the table.
#pragma once

#include <algorithm>

#include <spikelet/core/accumulator.hpp>
#include <spikelet/kernels/active_lists.hpp>
#include <spikelet/kernels/lane_sums.hpp>
#include <spikelet/kernels/result_panel.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet::kernels {

/// dx where x is not 0.
template <class T, class Policy>
class SampledProduct {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    static constexpr index batches = 8;
    static constexpr index panel = batches * width;
    // Rows of a panel in a table: enough that a row of dy meets some, at most 64 KiB of floats.
    static constexpr index table_rows = 128;
    using Table = std::array<T, static_cast<std::size_t>(table_rows* panel)>;
    using Lists = ActiveLists<T, Policy, table_rows, false>;
    static constexpr index group = Lists::group;
    // Rows that meet the same table.
    static constexpr index block_rows = 1024;
    // What is listed of these, and their sums, are on the stack: 90 KiB, twice that of doubles.
    static constexpr index few_rows = Lists::chunk_rows;
    // Rows ahead that are asked for.
    static constexpr index ahead = 4;
    static constexpr index line = static_cast<index>(alignment / sizeof(T));
    // Fewer multiply-adds are not worth another thread.
    static constexpr index grain_work = index{1} << 17;

    using Sums = LaneSums<Batch>;
    static_assert(Sums::count == group);
    using Row = PanelSums<Batch, panel>;
    using Group = std::array<Batch, static_cast<std::size_t>(group)>;

public:
    /// Bytes of scratch that run() needs; 0 for few rows.
    static constexpr index workspace(index rows, index inputs) {
        return rows <= few_rows ? 0 : bytes((std::min)(rows, block_rows), inputs);
    }

    /// dx += dy W^T where x is not 0; elsewhere dx stays as it is, 0 where it is fresh.
    static void run(Policy policy, index rows, index inputs, index outputs, T const* dy, T const* w,
                    T const* x, Accumulator<T> dx, std::byte* workspace) {
        if (outputs == 0) {
            if (dx.fresh) { std::fill_n(dx.data, rows * inputs, T(0)); }
            return;
        }
        if (rows <= few_rows) {
            alignas(alignment)
                std::array<std::byte, static_cast<std::size_t>(bytes(few_rows, table_rows))>
                    few;
            add_rows(policy, {rows, inputs, outputs, dy, w, x, dx, few.data()});
            return;
        }
        for (index r = 0; r < rows; r += block_rows) {
            add_rows(policy, {(std::min)(block_rows, rows - r), inputs, outputs, dy + r * outputs,
                              w, x + r * inputs, dx + r * inputs, workspace});
        }
    }

private:
    struct Work {
        index rows, inputs, outputs;
        T const *dy, *w, *x;
        Accumulator<T> dx;
        std::byte* workspace;

        /// The sums of the group at a place.
        [[nodiscard]] T* sums(index place) const {
            return reinterpret_cast<T*>(workspace) + place / group * Sums::size;
        }
        [[nodiscard]] Lists lists() const {
            return {workspace + sums_bytes(rows, inputs), rows, inputs};
        }
    };

    /// Threads share the rows.
    static void add_rows(Policy policy, Work const& work) {
        auto const some = [&](index begin, index end) {
            for (index i = 0; i < work.inputs; i += table_rows) { add_block(work, i, begin, end); }
        };
        parallel_for(policy, Lists::chunks(work.rows), some,
                     grain_of(grain_work, Lists::chunk_rows * work.inputs * work.outputs / 8));
    }

    /// Rows [begin, end) of some columns of dx.
    struct Range {
        index first_column, columns, begin, end;
    };

    /// Chunks [begin, end) of rows, a table's rows of w.
    static void add_block(Work const& work, index input, index begin, index end) {
        Range const range{input, (std::min)(table_rows, work.inputs - input),
                          Lists::first_row(begin, work.rows), Lists::first_row(end, work.rows)};
        work.lists().list(ByRows<T>(work.x, work.inputs), {0, input, work.rows, range.columns},
                          begin, end);
        alignas(alignment) Table table;
        for (index c = 0; c < work.outputs; c += panel) {
            index const columns = (std::min)(panel, work.outputs - c);
            copy_panel<Batch, panel>(work.w + input * work.outputs + c, work.outputs, range.columns,
                                     columns, table.data());
            if (columns == panel) {
                add_panel(work, range, c, table.data(), simd::Full{});
            } else {
                add_panel(work, range, c, table.data(), simd::Part{columns});
            }
        }
        add_sums(work, range);
    }

    /// The sums of one panel of dy.
    template <class Columns>
    [[gnu::flatten]] static void add_panel(Work const& work, Range range, index column,
                                           T const* table, Columns columns) {
        Lists const lists = work.lists();
        for (index r = range.begin; r < range.end; ++r) {
            T const* const dy = work.dy + r * work.outputs + column;
            fetch(dy, ahead * work.outputs);
            Row const row = load_row(dy, columns);
            auto const listed = lists.row(r);
            auto const* place = lists.places_at(listed.begin);
            T* sums = work.sums(listed.begin);
            T* const last = sums + listed.groups() * Sums::size;
            for (; sums != last; sums += Sums::size, place += group) {
                Sums(dot_products(row, table, place)).add_to(sums, column == 0);
            }
        }
    }

    /// A row of dy times each of four rows of a table, lanes apart.
    static Group dot_products(Row const& row, T const* table, typename Lists::Place const* places) {
        std::array<T const*, static_cast<std::size_t>(group)> from;
        simd::unrolled<group>([&](auto i) { from[i] = table + places[i] * panel; });
        Group sums;
        simd::unrolled<batches>([&](auto b) {
            simd::unrolled<group>([&](auto i) {
                Batch const numbers =
                    simd::load<Batch>(from[i] + static_cast<index>(b) * width, simd::Full{});
                sums[i] = b == 0 ? row[b] * numbers : simd::fma(row[b], numbers, sums[i]);
            });
        });
        return sums;
    }

    /// Some columns of dx: the sums where they are listed.
    static void add_sums(Work const& work, Range range) {
        Lists const lists = work.lists();
        T* const first = work.dx.data + range.first_column;
        for (index r = range.begin; r < range.end; ++r) {
            T* const dx = first + r * work.inputs;
            fetch_for_writing(first + (std::min)(r + ahead, range.end - 1) * work.inputs,
                              range.columns);
            if (work.dx.fresh) { std::fill_n(dx, range.columns, T(0)); }
            auto const listed = lists.row(r);
            auto const* const places = lists.places_at(listed.begin);
            for (index i = 0; i < static_cast<index>(listed.count); ++i) {
                dx[places[i]] += Sums::number(work.sums(listed.begin + i), i % group);
            }
        }
    }

    static constexpr index bytes(index rows, index inputs) {
        return sums_bytes(rows, inputs) + Lists::bytes(rows, inputs);
    }
    static constexpr index sums_bytes(index rows, index inputs) {
        return Lists::places(rows, inputs) / group * Sums::size * static_cast<index>(sizeof(T));
    }

    static Row load_row(T const* from, simd::Full) {
        Row row;
        simd::unrolled<batches>([&](auto b) {
            row[b] = simd::load<Batch>(from + static_cast<index>(b) * width, simd::Full{});
        });
        return row;
    }
    static Row load_row(T const* from, simd::Part columns) {
        alignas(alignment) std::array<T, static_cast<std::size_t>(panel)> copy{};
        std::copy_n(from, columns.n, copy.data());
        return load_row(copy.data(), simd::Full{});
    }

    /// Asks for a panel's numbers, so many behind dy.
    [[gnu::always_inline]] static void fetch(T const* dy, index behind) {
        for (index c = 0; c < panel; c += line) {
            simd::prefetch_for_reading(dy, (behind + c) * static_cast<index>(sizeof(T)));
        }
    }
    /// Asks for `columns` numbers that will be written.
    [[gnu::always_inline]] static void fetch_for_writing(T const* row, index columns) {
        for (index c = 0; c < columns; c += line) { simd::prefetch(row + c); }
    }
};

}  // namespace spikelet::kernels
