// SPDX-License-Identifier: MIT
// The product of a few rows of packed spikes with a matrix as it is, result [rows, columns] +=
// spikes right: every row of the result adds the right rows whose inputs fired, groups of four
// summed first (spike_groups.hpp). What bounds it is how fast right rows arrive.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

#include <spikelet/kernels/blocked_product.hpp>
#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/spike_groups.hpp>

namespace spikelet::kernels {

/// Products of spikes with rows of T.
template <class T, class Policy>
class GatheredProduct {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    // Rows whose spikes are listed before their right rows pass, if there are several: so many
    // that right rows are seldom fetched again (at most 33 KiB of stack).
    static constexpr index some_rows = 32;
    static constexpr index block_inputs = 512;
    static constexpr index block_words = block_inputs / bits_per_word;
    // Batches of columns whose sums are in registers, beside those of a group.
    static constexpr index panel_batches = simd::registers<Batch> / 4;
    static constexpr index panel_columns = panel_batches * width;
    // Fewer additions at full firing are not worth another thread.
    static constexpr index grain_work = index{1} << 19;

public:
    /// result = spikes right, or result += spikes right; right [depth, columns].
    static void run(Policy policy, ProductSize n, SpikeRows spikes, T const* right, Start start,
                    T* result) {
        index const threads = thread_count(policy);
        index const panels = (n.columns + panel_columns - 1) / panel_columns;
        // Few rows are cut along the columns too, so that every thread has some.
        index const parts =
            n.rows < some_rows * threads ? std::clamp<index>(panels, 1, threads) : 1;
        auto const first_column = [=](index part) {
            return (std::min)(n.columns, panels * part / parts * panel_columns);
        };
        auto const some = [&](index begin, index end) {
            for (index rows = 0; begin < end; begin += rows) {
                index const part = begin / n.rows;
                index const row = begin % n.rows;
                rows = (std::min)(n.rows - row, end - begin);
                Share const share{row, rows, first_column(part), first_column(part + 1)};
                Work const work{n, spikes, right, start, result};
                if (rows == 1) {
                    add_part<1>(work, share);
                } else {
                    add_part<some_rows>(work, share);
                }
            }
        };
        parallel_for(policy, n.rows * parts, some,
                     grain_of(grain_work, n.depth * n.columns / parts));
    }

private:
    struct Work {
        ProductSize n;
        SpikeRows spikes;
        T const* right;
        Start start;
        T* result;
    };

    /// What one thread does at a time: some rows of the result, some columns.
    struct Share {
        index row, rows, begin, end;
    };

    /// The groups of a row that fired.
    struct Fired {
        std::array<GroupEntry, static_cast<std::size_t>(block_inputs / group_size)> entries;
        index count;

        void list(word const* spikes, index words) {
            count = SpikeGroups<Policy>::list_fired(spikes, words, entries.data());
        }
    };

    /// A panel of right rows stays in the L2 cache while some rows of the result pass.
    template <index Rows>
    static void add_part(Work const& w, Share share) {
        index const row_words = Element<bit>::row_units(w.n.depth);
        std::array<Fired, static_cast<std::size_t>(Rows)> fired;
        for (index row = share.row; row < share.row + share.rows; row += Rows) {
            index const rows = (std::min)(Rows, share.row + share.rows - row);
            for (index first = 0; first == 0 || first < row_words; first += block_words) {
                index const words = (std::min)(block_words, row_words - first);
                for (index r = 0; r < rows; ++r) {
                    word const* const spikes = w.spikes.data + (row + r) * w.spikes.stride;
                    fired[static_cast<std::size_t>(r)].list(spikes + first, words);
                }
                add_block(fired.data(), rows, w.right + first * bits_per_word * w.n.columns,
                          w.n.columns, first == 0 && w.start == Start::zero,
                          w.result + row * w.n.columns, share.begin, share.end);
            }
        }
    }

    /// Some rows of the result, columns [begin, end): whole panels, then single batches.
    static void add_block(Fired const* fired, index rows, T const* right, index stride,
                          bool from_zero, T* result, index begin, index end) {
        auto const each_row = [&](auto batches, index c, auto lanes) {
            for (index r = 0; r < rows; ++r) {
                add_fired<batches.value>(fired[r], right + c, stride, from_zero,
                                         result + r * stride + c, lanes);
            }
        };
        index c = begin;
        for (; c + panel_columns <= end; c += panel_columns) {
            each_row(std::integral_constant<index, panel_batches>{}, c, simd::Full{});
        }
        simd::for_each_batch<Batch>(c, end, [&](index column, auto lanes) {
            each_row(std::integral_constant<index, 1>{}, column, lanes);
        });
    }

    /// One row of the result, some batches of columns.
    template <index Batches>
    [[gnu::flatten]] static void add_fired(Fired const& fired, T const* right, index stride,
                                           bool from_zero, T* result, auto lanes) {
        using Sums = std::array<Batch, static_cast<std::size_t>(Batches)>;
        auto const load = [&](T const* from, auto b) {
            return simd::load<Batch>(from + static_cast<index>(b) * width, lanes);
        };
        Sums sums;
        simd::unrolled<Batches>(
            [&](auto b) { sums[b] = from_zero ? Batch(T(0)) : load(result, b); });
        add_groups(fired, right, stride, load, sums);
        simd::unrolled<Batches>(
            [&](auto b) { simd::store(result + static_cast<index>(b) * width, sums[b], lanes); });
    }

    /// Adds the groups.
    template <std::size_t N>
    static void add_groups(Fired const& fired, T const* right, index stride, auto const& load,
                           std::array<Batch, N>& sums) {
        constexpr auto batches = static_cast<index>(N);
        for (index e = 0; e < fired.count; ++e) {
            GroupEntry const entry = fired.entries[static_cast<std::size_t>(e)];
            T const* const rows = right + entry / group_patterns * group_size * stride;
            unsigned rest = entry % group_patterns;
            T const* const first = rows + std::countr_zero(rest) * stride;
            rest &= rest - 1;
            if (rest == 0) {
                simd::unrolled<batches>([&](auto b) { sums[b] += load(first, b); });
                continue;
            }
            std::array<Batch, N> group;
            simd::unrolled<batches>([&](auto b) { group[b] = load(first, b); });
            for (; rest != 0; rest &= rest - 1) {
                T const* const row = rows + std::countr_zero(rest) * stride;
                simd::unrolled<batches>([&](auto b) { group[b] += load(row, b); });
            }
            simd::unrolled<batches>([&](auto b) { sums[b] += group[b]; });
        }
    }
};

}  // namespace spikelet::kernels
