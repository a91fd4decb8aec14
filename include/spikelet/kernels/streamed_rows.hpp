// SPDX-License-Identifier: MIT
// Products of few rows of events with weights that are numbers, float or bf16, y [M,N] = s W. Of
// the weights only the rows of active inputs are read, whole, several at a time while the next ones
// are on their way to the L2 cache: memory is what bounds it. Plain
// spikes are added in groups of four as all of them are (spike_groups.hpp); events with values
// make one ascending chain of fma, as numbers do.
#pragma once

#include <array>

#include <spikelet/core/counting.hpp>
#include <spikelet/kernels/active_inputs.hpp>
#include <spikelet/kernels/bfloat16.hpp>
#include <spikelet/kernels/matmul.hpp>
#include <spikelet/kernels/spike_groups.hpp>

namespace spikelet::kernels {

/// Products of events of element type S with weights W, float or bf16.
template <class W, class S, class Policy>
class StreamedRows {
    using Batch = simd::Batch<float, Policy>;
    static constexpr index width = simd::width<Batch>;
    // Rows that pass together, whole groups of them.
    static constexpr index most_rows = 8;
    // Columns at a time: a cache line of weights.
    static constexpr index strip = 64 / static_cast<index>(sizeof(W));
    static constexpr index strip_batches = strip / width;
    // Weights that are looked at before another thread pays.
    static constexpr index grain_work = index{1} << 19;

public:
    /// y [M,N] = s W; events [M,K] of S, w [K,N].
    static void run(Policy policy, MatmulSize n, word const* events, W const* w, float* y) {
        index const threads = thread_count(policy);
        index const strips = (n.outputs + strip - 1) / strip;
        index const parts = n.rows < 8 * threads ? std::clamp<index>(strips, 1, threads) : 1;
        auto const some = [=](index begin, index end) {
            for (index i = begin; i < end; ++i) {
                index const row = i / parts;
                index const first = strips * (i % parts) / parts * strip;
                index const last = (std::min)(strips * (i % parts + 1) / parts * strip, n.outputs);
                one_row(policy, n, events + row * Element<S>::row_units(n.inputs), w + first,
                        last - first, y + row * n.outputs + first);
            }
        };
        parallel_for(policy, n.rows * parts, some,
                     grain_of(grain_work, n.inputs * n.outputs / parts));
    }

private:
    static constexpr bool plain = std::is_same_v<S, bit>;

    /// What passes together: rows of weights, what their events are worth, whether they end their
    /// group (plain spikes); and rows that pass next.
    struct Pass {
        index count;
        std::array<W const*, static_cast<std::size_t>(most_rows)> rows, next;
        std::array<float, static_cast<std::size_t>(most_rows)> values;
        std::array<bool, static_cast<std::size_t>(most_rows)> ends;
    };

    static void one_row(Policy policy, MatmulSize n, word const* events, W const* w, index columns,
                        float* y) {
        constexpr index step = ActiveInputs<Policy>::most;
        ActiveInputs<Policy> active;
        std::fill_n(y, columns, 0.0F);
        for (index i = 0; i < n.inputs; i += step) {
            word const* const from = events + i / bits_per_word * Element<S>::planes;
            index const words = Element<bit>::row_units((std::min)(step, n.inputs - i));
            active.template list<S, Sign::any>(from, words);
            count_work(policy,
                       {.skipped = ((std::min)(step, n.inputs - i) - active.count) * columns});
            for (index a = 0; a < active.count;) {
                Pass const pass = pass_from(active, a, w + i * n.outputs, n.outputs);
                add(pass, columns, y);
                count_work(policy, work_of(pass.count * columns));
                a += pass.count;
            }
        }
    }

    static constexpr Work work_of(index terms) {
        return {.multiply_adds = plain ? 0 : terms,
                .additions = plain ? terms : 0,
                .weight_bytes = terms * static_cast<index>(sizeof(W))};
    }

    /// As many listed inputs as pass together, from number `first` on.
    static Pass pass_from(ActiveInputs<Policy> const& active, index first, W const* w,
                          index stride) {
        Pass pass;
        pass.count = 0;
        for (index r = 0; r < most_rows; ++r) {
            auto const at = static_cast<std::size_t>(r);
            index const i = first + r;
            pass.rows[at] = w + active.input(i) * stride;
            pass.next[at] = w + active.input(i + most_rows) * stride;
            if (i >= active.count) { continue; }
            pass.values[at] = static_cast<float>(active.values[static_cast<std::size_t>(i)]);
            pass.ends[at] = !plain || i + 1 == active.count ||
                            active.input(i) / group_size != active.input(i + 1) / group_size;
            if (pass.ends[at]) { pass.count = r + 1; }
        }
        return pass;
    }

    [[gnu::flatten]] static void add(Pass const& pass, index columns, float* y) {
        index c = 0;
        for (; c + strip <= columns; c += strip) {
            for (W const* const row : pass.next) { simd::prefetch_for_reading(row + c); }
            add_batches<strip_batches>(pass, c, y + c, simd::Full{});
        }
        simd::for_each_batch<Batch>(c, columns, [&](index rest, auto lanes) {
            add_batches<1>(pass, rest, y + rest, lanes);
        });
    }

    template <index batches>
    static void add_batches(Pass const& pass, index column, float* y, auto lanes) {
        std::array<Batch, static_cast<std::size_t>(batches)> sum;
        auto const at = [](auto b) { return static_cast<index>(b) * width; };
        auto const row = [&](std::size_t r, auto b) {
            return simd::load_floats<Batch>(pass.rows[r] + column + at(b), lanes);
        };
        simd::unrolled<batches>([&](auto b) { sum[b] = simd::load<Batch>(y + at(b), lanes); });
        if constexpr (plain) {
            add_groups(pass, row, sum);
        } else {
            for (std::size_t r = 0; r < static_cast<std::size_t>(pass.count); ++r) {
                Batch const value(pass.values[r]);
                simd::unrolled<batches>(
                    [&](auto b) { sum[b] = simd::fma(value, row(r, b), sum[b]); });
            }
        }
        simd::unrolled<batches>([&](auto b) { simd::store(y + at(b), sum[b], lanes); });
    }

    template <std::size_t N>
    static void add_groups(Pass const& pass, auto const& row, std::array<Batch, N>& sum) {
        constexpr auto batches = static_cast<index>(N);
        std::array<Batch, N> group;
        bool start = true;
        for (std::size_t r = 0; r < static_cast<std::size_t>(pass.count); ++r) {
            simd::unrolled<batches>(
                [&](auto b) { group[b] = start ? row(r, b) : group[b] + row(r, b); });
            start = pass.ends[r];
            if (start) {
                simd::unrolled<batches>([&](auto b) { sum[b] += group[b]; });
            }
        }
    }
};

}  // namespace spikelet::kernels
