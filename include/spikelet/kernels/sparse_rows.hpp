// SPDX-License-Identifier: MIT
// Dense products of few rows of which many numbers are exactly 0, as max(x, 0)^2 makes them, or of
// which many events are silent: the chains of fma of FewRows without the terms of zeros. Rows of
// the weights whose inputs are all 0 are not read, and reading them is what such products wait for.
//
// A term 0 w adds nothing to a sum, so results are equal to those with all terms, with two
// exceptions. A sum that underflowed to -0 stays -0, where a further term of 0 would make it 0: the
// two are equal as numbers, but not in their sign. And a weight that is infinite or not a number
// does no harm where its input is 0, while it makes the result not a number where all terms are
// added, because few numbers are 0 or rows are many.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <spikelet/core/counting.hpp>
#include <spikelet/kernels/bfloat16.hpp>
#include <spikelet/kernels/event_rows.hpp>
#include <spikelet/kernels/packing.hpp>

namespace spikelet::kernels {

/// The product y = x W, w [inputs, outputs], of a handful of rows with many zeros.
template <class T, class Policy>
class SparseRows {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    // Inputs that are listed before their rows of weights pass.
    static constexpr index block_inputs = 512;
    // Batches of columns whose sums are in registers: enough that no addition waits, and long
    // enough pieces of a row of weights for a memory that fetches ahead.
    static constexpr index panel_batches = simd::registers<Batch> / 2;
    static constexpr index panel_columns = panel_batches * width;
    // Fewer multiply-adds are not worth another thread.
    static constexpr index grain_work = index{1} << 17;

public:
    /// Whether x [rows, inputs] has so many zeros that leaving them out pays. Several rows share
    /// the weights they read, so the zeros of each save less.
    static bool pays(index rows, index inputs, T const* x) {
        index const n = rows * inputs;
        return pays(rows, inputs, n - static_cast<index>(std::count(x, x + n, T(0))));
    }
    /// The same where so many are not 0.
    static constexpr bool pays(index rows, index inputs, index active) {
        return active * (rows == 1 ? 3 : 8) <= rows * inputs;
    }

    /// y [rows, outputs] = x [rows, inputs] W; x is a ByRows<T> or EventRows, weights are of type T
    /// or, if that is float, in bf16.
    template <class Rows, class W>
    static void forward(Policy policy, index rows, index inputs, index outputs, Rows x, W const* w,
                        T* y) {
        auto const some = [=](index begin, index end) {
            index const first = begin * width;
            index const last = (std::min)(end * width, outputs);
            for (index r = 0; r < rows; ++r) {
                std::fill(y + r * outputs + first, y + r * outputs + last, T(0));
            }
            for (index i = 0; i < inputs; i += block_inputs) {
                index const some_inputs = (std::min)(block_inputs, inputs - i);
                for (index r = 0; r < rows; ++r) {
                    Terms const terms(x, r, i, some_inputs);
                    count_work(policy, work_of<W>(terms, some_inputs, last - first));
                    add(terms, w + i * outputs, outputs, y + r * outputs, first, last);
                }
            }
        };
        parallel_for(policy, (outputs + width - 1) / width, some,
                     grain_of(grain_work, rows * inputs * width));
    }

private:
    /// The numbers of a row that are not 0, and where they are.
    struct Terms {
        index count = 0;
        std::array<T, static_cast<std::size_t>(block_inputs)> values;
        std::array<std::uint16_t, static_cast<std::size_t>(block_inputs)> inputs;

        Terms(ByRows<T> x, index row, index column, index n) {
            T const* const from = x.at(row, column);
            for (index i = 0; i < n; ++i) { add(i, from[i], from[i] != T(0)); }
        }
        template <class S>
        Terms(EventRows<S> x, index row, index column, index n) {
            auto const from = x.template row<T>(row, column);
            for (index i = 0; i < n; i += bits_per_word) {
                for (word rest = from.active(i); rest != 0; rest &= rest - 1) {
                    index const at = i + std::countr_zero(rest);
                    add(at, from.number(at), true);
                }
            }
        }

        void add(index input, T value, bool active) {
            auto const at = static_cast<std::size_t>(count);
            values[at] = value;
            inputs[at] = static_cast<std::uint16_t>(input);
            count += active ? 1 : 0;
        }
    };

    template <class W>
    static constexpr Work work_of(Terms const& terms, index inputs, index columns) {
        index const added = terms.count * columns;
        return {.multiply_adds = added,
                .skipped = inputs * columns - added,
                .weight_bytes = added * static_cast<index>(sizeof(W))};
    }

    /// Columns [begin, end) of one row of y: whole panels, then single batches.
    template <class W>
    static void add(Terms const& terms, W const* w, index outputs, T* y, index begin, index end) {
        index c = begin;
        for (; c + panel_columns <= end; c += panel_columns) {
            add_panel<panel_batches>(terms, w + c, outputs, y + c, simd::Full{});
        }
        simd::for_each_batch<Batch>(c, end, [&](index column, auto lanes) {
            add_panel<1>(terms, w + column, outputs, y + column, lanes);
        });
    }

    template <index Batches, class W>
    [[gnu::flatten]] static void add_panel(Terms const& terms, W const* w, index outputs, T* y,
                                           auto lanes) {
        std::array<Batch, static_cast<std::size_t>(Batches)> sums;
        simd::unrolled<Batches>(
            [&](auto b) { sums[b] = simd::load<Batch>(y + static_cast<index>(b) * width, lanes); });
        for (std::size_t t = 0; t < static_cast<std::size_t>(terms.count); ++t) {
            Batch const value(terms.values[t]);
            W const* const row = w + terms.inputs[t] * outputs;
            simd::unrolled<Batches>([&](auto b) {
                Batch const weights =
                    simd::load_floats<Batch>(row + static_cast<index>(b) * width, lanes);
                sums[b] = simd::fma(value, weights, sums[b]);
            });
        }
        simd::unrolled<Batches>(
            [&](auto b) { simd::store(y + static_cast<index>(b) * width, sums[b], lanes); });
    }
};

}  // namespace spikelet::kernels
