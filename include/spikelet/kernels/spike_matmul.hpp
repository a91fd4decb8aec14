// SPDX-License-Identifier: MIT
// The linear map of packed spikes s [M,K] bits, w [K,N], y [M,N]: no products are left.
//   forward           y[m] = sum of the rows w[i] where s[m][i] is set, in ascending order
//   backward_weight   dw[i] += sum of the rows dy[m] where s[m][i] is set, in ascending order
// The same bits as Matmul on the numbers 0 and 1: fma(0, w, y) is y and fma(1, w, y) is y + w, as
// long as weights and gradients are finite. An infinite weight of a silent input is 0 times
// infinity in the dense product and left out in the sparse one; which of them computes depends on
// how many rows there are and how many spikes.
// The gradient of the spikes is dense: Matmul::backward_input.
#pragma once

#include <array>
#include <cstdint>

#include <spikelet/core/bits.hpp>
#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/matmul.hpp>

namespace spikelet::kernels {

/// 64 rows of 64 spikes.
using BitTile = std::array<word, static_cast<std::size_t>(bits_per_word)>;

/// Exchanges rows and columns: ever smaller blocks swap across the diagonal (Warren, "Hacker's
/// Delight", section 7-3). Policy names the instruction set: see core/policy.hpp.
template <class Policy>
constexpr void transpose(BitTile& tile) {
    word low = 0xFFFFFFFF;
    for (std::size_t half = 32; half > 0; half /= 2, low ^= low << half) {
        for (std::size_t r = 0; r < tile.size(); r = (r + half + 1) & ~half) {
            word const swapped = ((tile[r] >> half) ^ tile[r + half]) & low;
            tile[r] ^= swapped << half;
            tile[r + half] ^= swapped;
        }
    }
}

/// Products of packed spikes with dense matrices on a processor.
template <class Policy>
struct SpikeMatmul {
    static_assert(CpuPolicy<Policy>,
                  "spike_matmul: no kernel for this policy; the policies are Serial and OpenMp");

    /// Units of T of scratch that forward and backward may use; 0 for few rows.
    static constexpr index workspace(MatmulSize n) { return Matmul<Policy>::workspace(n); }

    /// y [M,N] = s W; spikes [M,K] bits, w [K,N], both finite.
    template <class T>
    static void forward(Policy policy, MatmulSize n, word const* spikes, T const* w, T* y,
                        T* workspace) {
        if (is_dense(n, spikes)) {
            SpikesByRows const left{spikes, Element<bit>::row_units(n.inputs)};
            BlockedProduct<T, Policy>::run(policy, {n.rows, n.inputs, n.outputs}, left,
                                           ByRows<T>{w, n.outputs}, Start::zero, y, workspace);
            return;
        }
        index const threads = thread_count(policy);
        index const parts = n.rows < block_rows * threads ? column_parts<T>(policy, n.outputs) : 1;
        auto const some = [=](index begin, index end) {
            while (begin < end) {
                index const part = begin / n.rows;
                index const row = begin % n.rows;
                index const rows = std::min(n.rows - row, end - begin);
                forward_part(n, spikes, w, y,
                             Share{row, rows, part_begin<T>(part, parts, n.outputs),
                                   part_begin<T>(part + 1, parts, n.outputs)});
                begin += rows;
            }
        };
        index const work = n.inputs * n.outputs / parts;
        parallel_for(policy, n.rows * parts, some, 1 + grain_work / (work + 1));
    }

    /// dw [K,N] += s^T dy; spikes [M,K] bits, dy [M,N]. dw may be null.
    template <class T>
    static void backward_weight(Policy policy, MatmulSize n, word const* spikes, T const* dy, T* dw,
                                T* workspace) {
        if (dw == nullptr) { return; }
        if (is_dense(n, spikes)) {
            SpikesByColumns const left{spikes, Element<bit>::row_units(n.inputs)};
            BlockedProduct<T, Policy>::run(policy, {n.inputs, n.rows, n.outputs}, left,
                                           ByRows<T>{dy, n.outputs}, Start::result, dw, workspace);
            return;
        }
        index const words = Element<bit>::row_units(n.inputs);
        index const parts =
            words < 4 * thread_count(policy) ? column_parts<T>(policy, n.outputs) : 1;
        auto const some = [=](index begin, index end) {
            for (index item = begin; item < end; ++item) {
                index const input = item % words * bits_per_word;
                index const part = item / words;
                backward_block(n, spikes, dy, dw,
                               Share{input, std::min(bits_per_word, n.inputs - input),
                                     part_begin<T>(part, parts, n.outputs),
                                     part_begin<T>(part + 1, parts, n.outputs)});
            }
        };
        index const work = bits_per_word * n.rows * n.outputs / parts;
        parallel_for(policy, words * parts, some, 1 + grain_work / (work + 1));
    }

private:
    // Rows, and inputs of each, whose spikes are listed before their weights pass.
    static constexpr index block_rows = 32;
    static constexpr index block_inputs = 256;
    static constexpr index block_words = block_inputs / bits_per_word;
    // Columns of a block of weights: 1 MiB of float, half of a usual L2 cache.
    static constexpr index block_columns = 1024;
    // Words of 64 rows that are transposed at a time.
    static constexpr index block_tiles = 16;
    // Fewer additions at full firing are not worth another thread.
    static constexpr index grain_work = index{1} << 19;

    /// Where many spikes fire, a dense product of zeros and ones is faster.
    static bool is_dense(MatmulSize n, word const* spikes) {
        return n.rows >= Matmul<Policy>::packed_rows &&
               3 * count(spikes, n.rows * Element<bit>::row_units(n.inputs)) > n.rows * n.inputs;
    }

    /// What one thread does at a time: some rows of the result, some columns.
    struct Share {
        index row, rows, begin, end;
    };

    /// The inputs of a row that fired.
    struct FiredInputs {
        std::array<std::uint16_t, static_cast<std::size_t>(block_inputs)> inputs;
        index count;

        void list(word const* spikes, index words) {
            count = 0;
            for_each_set(spikes, words, [&](index i) {
                inputs[static_cast<std::size_t>(count++)] = static_cast<std::uint16_t>(i);
            });
        }
    };

    /// Batches of columns whose sums are in registers.
    template <class T>
    static constexpr index panel_batches = simd::registers<simd::Batch<T, Policy>> / 4;
    template <class T>
    static constexpr index panel_columns = panel_batches<T>* simd::width<simd::Batch<T, Policy>>;

    /// Few blocks are cut along the columns too, so that every thread has some.
    template <class T>
    static index column_parts(Policy policy, index outputs) {
        index const panels = (outputs + panel_columns<T> - 1) / panel_columns<T>;
        return std::clamp<index>(panels, 1, thread_count(policy));
    }

    template <class T>
    static index part_begin(index part, index parts, index outputs) {
        index const panels = (outputs + panel_columns<T> - 1) / panel_columns<T>;
        return std::min(outputs, panels * part / parts * panel_columns<T>);
    }

    /// A block of weights stays in the L2 cache while the rows pass, their spikes listed first.
    template <class T>
    static void forward_part(MatmulSize n, word const* spikes, T const* w, T* y, Share share) {
        index const row_words = Element<bit>::row_units(n.inputs);
        std::array<FiredInputs, static_cast<std::size_t>(block_rows)> fired;
        for (index c = share.begin; c < share.end; c += block_columns) {
            index const end = std::min(c + block_columns, share.end);
            for (index first = 0; first == 0 || first < row_words; first += block_words) {
                index const words = std::min(block_words, row_words - first);
                T const* const weights = w + first * bits_per_word * n.outputs;
                for (index row = share.row; row < share.row + share.rows; row += block_rows) {
                    index const rows = std::min(block_rows, share.row + share.rows - row);
                    for (index r = 0; r < rows; ++r) {
                        fired[static_cast<std::size_t>(r)].list(
                            spikes + (row + r) * row_words + first, words);
                    }
                    add_block(fired.data(), rows, weights, n.outputs, first == 0,
                              y + row * n.outputs, c, end);
                }
            }
        }
    }

    /// Some rows of y, columns [begin, end).
    template <class T>
    static void add_block(FiredInputs const* fired, index rows, T const* w, index stride,
                          bool from_zero, T* y, index begin, index end) {
        each_panel<T>(begin, end, [&](auto batches, index c, auto lanes) {
            for (index r = 0; r < rows; ++r) {
                add_fired<batches.value>(fired[r], w + c, stride, from_zero, y + r * stride + c,
                                         lanes);
            }
        });
    }

    /// y = or += the weights of the inputs that fired, for some batches of columns.
    template <std::size_t Batches, class T>
    [[gnu::flatten]] static void add_fired(FiredInputs const& fired, T const* w, index stride,
                                           bool from_zero, T* y, auto lanes) {
        using Batch = simd::Batch<T, Policy>;
        std::array<Batch, Batches> sums;
        simd::unrolled<static_cast<index>(Batches)>(
            [&](auto b) { sums[b] = from_zero ? Batch(T(0)) : load_batch<Batch>(y, b, lanes); });
        for (index a = 0; a < fired.count; ++a) {
            T const* const row = w + fired.inputs[static_cast<std::size_t>(a)] * stride;
            simd::unrolled<static_cast<index>(Batches)>(
                [&](auto b) { sums[b] += load_batch<Batch>(row, b, lanes); });
        }
        simd::unrolled<static_cast<index>(Batches)>([&](auto b) {
            simd::store(y + static_cast<index>(b) * simd::width<Batch>, sums[b], lanes);
        });
    }

    template <class T>
    static void backward_block(MatmulSize n, word const* spikes, T const* dy, T* dw, Share share) {
        std::array<BitTile, static_cast<std::size_t>(block_tiles)> tiles;
        constexpr index rows_at_once = block_tiles * bits_per_word;
        for (index row = 0; row < n.rows; row += rows_at_once) {
            index const rows = std::min(rows_at_once, n.rows - row);
            index const row_words = Element<bit>::row_units(n.inputs);
            word const* const column = spikes + row * row_words + share.row / bits_per_word;
            index const count = (rows + bits_per_word - 1) / bits_per_word;
            for (index t = 0; t < count; ++t) {
                index const r = t * bits_per_word;
                transposed_tile(column + r * row_words, row_words,
                                std::min(bits_per_word, rows - r),
                                tiles[static_cast<std::size_t>(t)]);
            }
            each_panel<T>(share.begin, share.end, [&](auto batches, index c, auto lanes) {
                for (index t = 0; t < count; ++t) {
                    T const* const rows_of_dy = dy + (row + t * bits_per_word) * n.outputs + c;
                    for (index i = 0; i < share.rows; ++i) {
                        add_rows<batches.value>(
                            tiles[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)],
                            rows_of_dy, n.outputs, dw + (share.row + i) * n.outputs + c, lanes);
                    }
                }
            });
        }
    }

    /// Word i of the tile holds input i of the rows.
    static void transposed_tile(word const* column, index stride, index rows, BitTile& tile) {
        tile.fill(0);
        for (index r = 0; r < rows; ++r) { tile[static_cast<std::size_t>(r)] = column[r * stride]; }
        transpose<Policy>(tile);
    }

    /// dw += the rows of dy that `fired` names.
    template <std::size_t Batches, class T>
    [[gnu::flatten]] static void add_rows(word fired, T const* dy, index stride, T* dw,
                                          auto lanes) {
        using Batch = simd::Batch<T, Policy>;
        if (fired == 0) { return; }
        std::array<Batch, Batches> sums;
        simd::unrolled<static_cast<index>(Batches)>(
            [&](auto b) { sums[b] = load_batch<Batch>(dw, b, lanes); });
        for_each_set(&fired, 1, [&](index r) {
            simd::unrolled<static_cast<index>(Batches)>(
                [&](auto b) { sums[b] += load_batch<Batch>(dy + r * stride, b, lanes); });
        });
        simd::unrolled<static_cast<index>(Batches)>([&](auto b) {
            simd::store(dw + static_cast<index>(b) * simd::width<Batch>, sums[b], lanes);
        });
    }

    template <class Batch, class T>
    static Batch load_batch(T const* p, std::size_t batch, auto lanes) {
        return simd::load<Batch>(p + static_cast<index>(batch) * simd::width<Batch>, lanes);
    }

    /// Calls f(batches, column, lanes) for whole panels, then for single batches.
    template <class T, class F>
    static void each_panel(index begin, index end, F&& f) {
        using Batch = simd::Batch<T, Policy>;
        index c = begin;
        for (; c + panel_columns<T> <= end; c += panel_columns<T>) {
            f(std::integral_constant<std::size_t, static_cast<std::size_t>(panel_batches<T>)>{}, c,
              simd::Full{});
        }
        simd::for_each_batch<Batch>(c, end, [&](index column, auto lanes) {
            f(std::integral_constant<std::size_t, 1>{}, column, lanes);
        });
    }
};

}  // namespace spikelet::kernels
