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
    /// Sums of some columns of a row of y: a Row's, and those that it had to make room for.
    class BlockSums {
    public:
        BlockSums(MatmulSize n, QuantizedMatrix<C> w, index column, index columns)
            : row_(w.codes, Element<C>::row_units(n.outputs), column, columns),
              columns_(columns) {}

        [[nodiscard]] index columns() const { return columns_; }

        /// Adds what the events of some inputs ask for, as Row::add() does.
        index add(word const* events, index inputs, index first_input, unsigned silent) {
            auto const full = [this] { make_room(); };
            if constexpr (by == Pass::columns) {
                return row_.add(events, inputs, first_input, full, silent);
            } else {
                return row_.add(events, inputs, first_input, full);
            }
        }

        /// Calls take(column, sums) for every columns_at_once columns, from 0 on, and starts again.
        template <class Take>
        void drain(Take take) {
            row_.drain([&](index c, std::int32_t* some) {
                if (has_others_) { CodedRows::add(others_.data() + c, Row::columns_at_once, some); }
                take(c, some);
            });
            has_others_ = false;
        }

    private:
        // Rare: where it is a part of what calls it, that takes more instructions.
        [[gnu::noinline]] void make_room() {
            if (!has_others_) { std::fill_n(others_.data(), columns_ + padding, 0); }
            has_others_ = true;
            row_.drain([&](index c, std::int32_t const* some) {
                CodedRows::add(some, Row::columns_at_once, others_.data() + c);
            });
        }

        Row row_;
        alignas(
            64) std::array<std::int32_t, static_cast<std::size_t>(block_columns + padding)> others_;
        bool has_others_ = false;
        index columns_;
    };

    /// The inputs of a scale group.
    struct Group {
        word const* events;
        index first, inputs;
        float const *scales, *totals;  // of a block's columns
        unsigned silent;               // planes whose silent inputs are subtracted from `totals`
    };

    /// Some columns of one row of y.
    static void one_block(Policy policy, MatmulSize n, word const* events, QuantizedMatrix<C> w,
                          index column, index columns, float* y, float const* totals) {
        if (n.inputs == 0) {
            std::fill_n(y, columns, 0.0F);
            return;
        }
        BlockSums sums(n, w, column, columns);
        Group group{events, 0, 0, w.scales + column, totals, 0};
        for (; group.first < n.inputs; group.first += w.group, group.scales += n.outputs) {
            group.events = events + group.first / bits_per_word * Element<S>::planes;
            group.inputs = (std::min)(w.group, n.inputs - group.first);
            if (totals != nullptr) {
                group.totals = totals + group.first / w.group * n.outputs;
                group.silent = mostly_active(group.events, group.inputs);
            }
            sum_group(policy, group, sums);
            scale_group(policy, group, sums, y);
        }
    }

    /// Adds what the events of a group ask for.
    static void sum_group(Policy policy, Group const& group, BlockSums& sums) {
        constexpr index step = ActiveInputs<Policy>::most;
        for (index i = 0; i < group.inputs; i += step) {
            word const* const events = group.events + i / bits_per_word * Element<S>::planes;
            index const inputs = (std::min)(step, group.inputs - i);
            index const rows = sums.add(events, inputs, group.first + i, group.silent);
            if constexpr (counts_work<Policy>) {
                index const active = EventRows<S>{events, 0}.count_active(0, inputs);
                count_work(policy, work_of(rows, inputs - active, sums.columns()));
            }
        }
    }

    /// Adds the sums of a group to y, or starts y with them.
    static void scale_group(Policy policy, Group const& group, BlockSums& sums, float* y) {
        index const columns = sums.columns();
        sums.drain([&](index c, std::int32_t* some) {
            index const last = (std::min)(Row::columns_at_once, columns - c);
            if (group.silent != 0) {
                add_times(weight_of(group.silent), group.totals + c, last, some);
            }
            simd::for_each_batch<Floats>(0, last, [&](index i, auto lanes) {
                add_scaled(simd::load<Sums>(some + i, simd::Full{}),
                           simd::load<Floats>(group.scales + c + i, lanes), group.first == 0,
                           y + c + i, lanes);
            });
        });
        count_work(policy, {.multiply_adds = columns,
                            .weight_bytes = columns * static_cast<index>(sizeof(float))});
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
