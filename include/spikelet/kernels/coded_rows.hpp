// SPDX-License-Identifier: MIT
// Products of few rows of events with weights in few bits, y [M,N] = s W: of the weights only the
// rows of active inputs are read, whole, as many at a time as pay. Per output and scale group the
// sum of value * code is an exact integer, so no order of additions can be seen in the result:
//
//   y = scale[0] * sum[0];  y = fma(scale[g], sum[g], y)    g ascending
#pragma once

#include <array>
#include <bit>

#include <spikelet/core/counting.hpp>
#include <spikelet/kernels/integer_batch.hpp>
#include <spikelet/kernels/matmul.hpp>
#include <spikelet/kernels/paired_rows.hpp>
#include <spikelet/kernels/vertical_counters.hpp>

namespace spikelet::kernels {

/// One more scale group of a batch of y.
template <class Sums, class Floats>
void add_scaled(Sums const& sum, Floats const& scale, bool first_group, float* y, auto lanes) {
    Floats const number = simd::to_numbers(sum);
    if (first_group) {
        simd::store(y, scale * number, lanes);
    } else {
        simd::store(y, simd::fma(scale, number, simd::load<Floats>(y, lanes)), lanes);
    }
}

/// Products of events of element type S with codes of type C.
template <class C, class S, class Policy, Pass by = Pass::rows>
class CodedRows {
    using Floats = simd::Batch<float, Policy>;
    using Sums = simd::Batch<std::int32_t, Policy>;
    // Columns whose sums are on the stack, 16 KiB of them and half as many of 16 bits.
    static constexpr index block_columns = 4096;
    // Room for what batches of the narrowest codes write past the last column.
    static constexpr index padding = 128;
    // Codes that are looked at before another thread pays.
    static constexpr index grain_work = index{1} << 19;

    using Row =
        std::conditional_t<std::is_same_v<C, trit>, VerticalCounters<S, Policy, block_columns, by>,
                           PairedRows<C, S, Policy, block_columns>>;

public:
    /// y [M,N] = s W. `totals` may be null; else it holds the sums of all rows of every scale
    /// group, [groups, N] whole numbers below 2^24, and where most inputs are active the silent
    /// ones are subtracted from it.
    static void run(Policy policy, MatmulSize n, word const* events, QuantizedMatrix<C> w, float* y,
                    float const* totals = nullptr) {
        // Rows are cut into words of columns, so that every thread has some.
        index const threads = thread_count(policy);
        index const words = Element<bit>::row_units(n.outputs);
        index const parts = n.rows < 8 * threads ? std::clamp<index>(words, 1, threads) : 1;
        auto const some = [=](index begin, index end) {
            for (index i = begin; i < end; ++i) {
                index const row = i / parts;
                index const first = words * (i % parts) / parts * bits_per_word;
                index const last = words * (i % parts + 1) / parts * bits_per_word;
                word const* const its_events = events + row * Element<S>::row_units(n.inputs);
                for (index c = first; c < (std::min)(last, n.outputs); c += block_columns) {
                    index const columns = (std::min)({last, n.outputs, c + block_columns}) - c;
                    one_block(policy, n, its_events, w, c, columns, y + row * n.outputs + c,
                              totals == nullptr ? nullptr : totals + c);
                }
            }
        };
        parallel_for(policy, n.rows * parts, some,
                     grain_of(grain_work, n.inputs * n.outputs / parts));
    }

private:
    /// Some columns of one row of y.
    static void one_block(Policy policy, MatmulSize n, word const* events, QuantizedMatrix<C> w,
                          index column, index columns, float* y, float const* totals) {
        constexpr index planes = Element<S>::planes;
        constexpr index step = ActiveInputs<Policy>::most;
        alignas(64) std::array<std::int32_t, static_cast<std::size_t>(block_columns + padding)>
            sums;
        Row row(w.codes, Element<C>::row_units(n.outputs), column, columns);
        bool drained = false;
        auto const full = [&] {
            if (!drained) { std::fill_n(sums.data(), columns + padding, 0); }
            drained = true;
            row.drain([&](index c, std::int32_t const* some) {
                add(some, Row::columns_at_once, sums.data() + c);
            });
        };
        if (n.inputs == 0) {
            std::fill_n(y, columns, 0.0F);
            return;
        }
        float const* scales = w.scales + column;
        for (index group = 0; group < n.inputs; group += w.group, scales += n.outputs) {
            index const end = (std::min)(group + w.group, n.inputs);
            unsigned const silent =
                totals == nullptr
                    ? 0
                    : mostly_active(events + group / bits_per_word * planes, end - group);
            for (index i = group; i < end; i += step) {
                word const* const from = events + i / bits_per_word * planes;
                index const inputs = (std::min)(step, end - i);
                index rows = 0;
                if constexpr (by == Pass::columns) {
                    rows = row.add(from, inputs, i, full, silent);
                } else {
                    rows = row.add(from, inputs, i, full);
                }
                if constexpr (counts_work<Policy>) {
                    index const active = EventRows<S>{from, 0}.count_active(0, inputs);
                    count_work(policy, work_of(rows, inputs - active, columns));
                }
            }
            count_work(policy, {.multiply_adds = columns,
                                .weight_bytes = columns * static_cast<index>(sizeof *scales)});
            row.drain([&](index c, std::int32_t* some) {
                if (drained) { add(sums.data() + c, Row::columns_at_once, some); }
                index const last = (std::min)(Row::columns_at_once, columns - c);
                if (silent != 0) { add_times(weight_of(silent), totals + c, last, some); }
                simd::for_each_batch<Floats>(0, last, [&](index i, auto lanes) {
                    add_scaled(simd::load<Sums>(some + i, simd::Full{}),
                               simd::load<Floats>(scales + c + i, lanes), group == 0, y + c + i,
                               lanes);
                });
            });
            drained = false;
            if (totals != nullptr) { totals += n.outputs; }
        }
    }

    /// So many rows read, so many inputs left out.
    static constexpr Work work_of(index rows, index left_out, index columns) {
        constexpr auto unit = static_cast<index>(sizeof(storage_of<C>));
        constexpr bool ternary = std::is_same_v<C, trit>;
        return {.integer_multiply_adds = ternary ? 0 : rows * columns,
                .integer_additions = ternary ? rows * columns : 0,
                .skipped = left_out * columns,
                .weight_bytes = rows * Element<C>::row_units(columns) * unit};
    }

    /// The planes, as bits, that are set in more than half of the inputs.
    static unsigned mostly_active(word const* events, index inputs) {
        unsigned planes = 0;
        for (index p = 0; p < Element<S>::planes; ++p) {
            index set = 0;
            for (index w = 0; w < Element<bit>::row_units(inputs); ++w) {
                set += std::popcount(events[w * Element<S>::planes + p]);
            }
            planes |= (2 * set > inputs ? 1U : 0U) << p;
        }
        return planes;
    }

    /// What an event is worth whose planes are the bits of `planes`.
    static std::int32_t weight_of(unsigned planes) {
        std::int32_t weight = 0;
        for (std::size_t p = 0; p < Element<S>::plane_weights.size(); ++p) {
            weight += (planes >> p & 1) != 0 ? Element<S>::plane_weights[p] : 0;
        }
        return weight;
    }

    static void add_times(std::int32_t factor, float const* from, index count, std::int32_t* to) {
        for (index i = 0; i < count; ++i) { to[i] += factor * static_cast<std::int32_t>(from[i]); }
    }

    static void add(std::int32_t const* from, index count, std::int32_t* to) {
        for (index i = 0; i < count; ++i) { to[i] += from[i]; }
    }
};

}  // namespace spikelet::kernels
