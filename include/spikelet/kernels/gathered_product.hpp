// SPDX-License-Identifier: MIT
// The product of packed spikes with a matrix as it is, result [rows, columns] += spikes right: every
// row of the result adds the right rows whose inputs fired, groups of four summed first
// (spike_groups.hpp). For few rows, and for many where few spikes fire.
#pragma once

#include <array>
#include <cstdint>

#include <spikelet/kernels/grouped_product.hpp>

namespace spikelet::kernels {

/// Products of spikes with rows of T.
template <class T, class Policy>
class GatheredProduct {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    // Rows, and inputs of each, whose spikes are listed before their right rows pass.
    static constexpr index block_rows = 32;
    static constexpr index block_inputs = 256;
    static constexpr index block_words = block_inputs / bits_per_word;
    // Columns of a block of right rows: 1 MiB of float, half of a usual L2 cache.
    static constexpr index block_columns = 1024;
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
            n.rows < block_rows * threads ? std::clamp<index>(panels, 1, threads) : 1;
        auto const some = [=](index begin, index end) {
            while (begin < end) {
                index const part = begin / n.rows;
                index const row = begin % n.rows;
                index const rows = std::min(n.rows - row, end - begin);
                auto const first_column = [=](index p) {
                    return std::min(n.columns, panels * p / parts * panel_columns);
                };
                add_part({n, spikes, right, start, result},
                         {row, rows, first_column(part), first_column(part + 1)});
                begin += rows;
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

    /// The inputs of a row that fired: twice the input, plus 1 if the next belongs to its group.
    struct Fired {
        std::array<std::uint16_t, static_cast<std::size_t>(block_inputs)> inputs;
        index count;

        void list(word const* spikes, index words) {
            count = 0;
            for (index w = 0; w < words; ++w) {
                for (word rest = spikes[w]; rest != 0;) {
                    int const i = std::countr_zero(rest);
                    rest &= rest - 1;
                    word const group = word{group_patterns - 1} << (i / group_size * group_size);
                    auto const input = static_cast<unsigned>(w * bits_per_word + i);
                    inputs[static_cast<std::size_t>(count++)] =
                        static_cast<std::uint16_t>(2 * input + ((rest & group) != 0 ? 1U : 0U));
                }
            }
        }
    };

    /// A block of right rows stays in the L2 cache while the rows pass, their spikes listed first.
    static void add_part(Work const& w, Share share) {
        index const row_words = Element<bit>::row_units(w.n.depth);
        std::array<Fired, static_cast<std::size_t>(block_rows)> fired;
        for (index c = share.begin; c < share.end; c += block_columns) {
            index const end = std::min(c + block_columns, share.end);
            for (index first = 0; first == 0 || first < row_words; first += block_words) {
                index const words = std::min(block_words, row_words - first);
                T const* const right = w.right + first * bits_per_word * w.n.columns;
                bool const from_zero = first == 0 && w.start == Start::zero;
                for (index row = share.row; row < share.row + share.rows; row += block_rows) {
                    index const rows = std::min(block_rows, share.row + share.rows - row);
                    for (index r = 0; r < rows; ++r) {
                        fired[static_cast<std::size_t>(r)].list(
                            w.spikes.data + (row + r) * w.spikes.stride + first, words);
                    }
                    add_block(fired.data(), rows, right, w.n.columns, from_zero,
                              w.result + row * w.n.columns, c, end);
                }
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
        auto const row_of = [&](unsigned input) {
            return right + static_cast<index>(input / 2) * stride;
        };
        Sums sums;
        simd::unrolled<Batches>(
            [&](auto b) { sums[b] = from_zero ? Batch(T(0)) : load(result, b); });
        std::uint16_t const* const end = fired.inputs.data() + fired.count;
        for (std::uint16_t const* input = fired.inputs.data(); input < end; ++input) {
            T const* row = row_of(*input);
            if (*input % 2 == 0) {
                simd::unrolled<Batches>([&](auto b) { sums[b] += load(row, b); });
                continue;
            }
            Sums group;
            simd::unrolled<Batches>([&](auto b) { group[b] = load(row, b); });
            while (*input % 2 != 0) {
                row = row_of(*++input);
                simd::unrolled<Batches>([&](auto b) { group[b] += load(row, b); });
            }
            simd::unrolled<Batches>([&](auto b) { sums[b] += group[b]; });
        }
        simd::unrolled<Batches>(
            [&](auto b) { simd::store(result + static_cast<index>(b) * width, sums[b], lanes); });
    }
};

}  // namespace spikelet::kernels
