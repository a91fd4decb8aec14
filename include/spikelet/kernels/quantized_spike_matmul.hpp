// SPDX-License-Identifier: MIT
// The linear map of events s [M,K] (spikes, graded spikes, signed ones) with weights in few bits,
// y [M,N] = s W:
//
//   y[m][o] = sum over groups g of scale[g][o] * (sum over inputs i of g of s[m][i] code[i][o])
//
// Sums of a group are exact integers; groups ascend, the first one a product, the others fma. Bits
// depend on nothing else: forms, threads and the order of additions are free. Few rows read the
// weights of active inputs only: whole rows where memory bounds (coded_rows.hpp). Many rows of
// ternary weights do the same a batch of columns at a time while their events have few bits, those
// of int8 and int4 while few inputs are active; else all is multiplied (quad_product.hpp). Weights
// of bf16 have no integers: the result has the bits of SpikeMatmul with the same weights as floats.
#pragma once

#include <cstddef>
#include <limits>

#include <spikelet/kernels/coded_rows.hpp>
#include <spikelet/kernels/quad_product.hpp>
#include <spikelet/kernels/spike_matmul.hpp>
#include <spikelet/kernels/streamed_rows.hpp>

namespace spikelet::kernels {

/// Products of events with weights in few bits on a processor.
template <Code C, class Policy>
struct QuantizedSpikeMatmul {
    static_assert(CpuPolicy<Policy>,
                  "quantized_spike_matmul: no kernel for this policy; the policies are Serial and "
                  "OpenMp");

    /// Sums of as many codes times values stay below 2^31; bf16 has no such sums.
    static constexpr index most_inputs =
        std::is_same_v<C, bf16> ? (std::numeric_limits<index>::max)() : index{1} << 20;

    /// Bytes of scratch that forward may use; 0 for few rows. It starts at a multiple of 64 bytes.
    template <class S>
    static constexpr index workspace(MatmulSize n) {
        if (n.rows < many_rows) { return 0; }
        if constexpr (is_integer) { return QuadProduct<C, S, Policy>::workspace(n); }
        if constexpr (std::is_same_v<C, trit>) {
            index const words = Element<bit>::row_units(n.inputs);
            index const of_totals = (words + 1) * n.outputs * static_cast<index>(sizeof(float)) +
                                    words * static_cast<index>(sizeof(word));
            return may_have_many_bits<S>
                       ? (std::max)(of_totals, QuadProduct<C, S, Policy>::workspace(n))
                       : of_totals;
        }
        constexpr auto each = static_cast<index>(sizeof(float));
        return each *
               (widened_units(n) + SpikeMatmul<Policy, S>::template forward_workspace<float>(n));
    }

    /// y [M,N] = s W; events [M,K] of S.
    template <class S>
    static void forward(Policy policy, MatmulSize n, storage_of<S> const* events,
                        QuantizedMatrix<C> w, float* y, std::byte* workspace) {
        if (n.rows == 1) { return one_row<S>(policy, n, events, w, y); }
        SPIKELET_ASSERT(n.inputs <= most_inputs, "quantized_spike_matmul: sums would overflow");
        if constexpr (std::is_same_v<C, bf16>) {
            if (n.rows < many_rows) {
                StreamedRows<bf16, S, Policy>::run(policy, n, events, w.codes, y);
            } else {
                widened<S>(policy, n, events, w.codes, y, reinterpret_cast<float*>(workspace));
            }
        } else if constexpr (std::is_same_v<C, trit>) {
            ternary<S>(policy, n, events, w, y, workspace);
        } else {
            if (n.rows < many_rows || percent_active<S>(n, events) < few_active) {
                CodedRows<C, S, Policy, Pass::rows>::run(policy, n, events, w, y);
            } else {
                QuadProduct<C, S, Policy>::run(policy, n, events, w, y, workspace);
            }
        }
    }

    /// y [1,N] = s W; events [1,K] of S.
    template <class S>
    static void one_row(Policy policy, MatmulSize n, storage_of<S> const* events,
                        QuantizedMatrix<C> w, float* y) {
        SPIKELET_ASSERT(n.inputs <= most_inputs, "quantized_spike_matmul: sums would overflow");
        if constexpr (std::is_same_v<C, bf16>) {
            StreamedRows<bf16, S, Policy>::run(policy, n, events, w.codes, y);
        } else {
            CodedRows<C, S, Policy, Pass::rows>::run(policy, n, events, w, y);
        }
    }

private:
    static constexpr bool is_integer = std::is_same_v<C, std::int8_t> || std::is_same_v<C, int4>;
    // With fewer rows nothing that is done to the weights pays.
    static constexpr index many_rows = 64;
    // Of so many rows one says how many events are active.
    static constexpr index looked_at = 8;
    // With as many rows the weights are in the caches.
    static constexpr index several_rows = 16;
    // Active inputs, in percent, from which multiplying all is faster. With VNNI: between what is
    // best on a Zen 4 (22, for int4 30) and on a Xeon (14, 22). Without: on a Zen 4, with registers
    // of 64 bytes or of 32, 30 to 45, for int4 45 to 70.
    static constexpr index few_active = simd::has_dot_quads<Policy>
                                            ? (std::is_same_v<C, int4> ? 25 : 17)
                                            : (std::is_same_v<C, int4> ? 48 : 38);

    // Bits that are added in planes, for a hundred inputs, from which multiplying all is faster.
    static constexpr index many_bits = 110;
    // A plane adds half of its bits at most. With registers of 64 bytes counting is as fast as
    // multiplying pairs.
    template <class S>
    static constexpr bool may_have_many_bits = 50 * Element<S>::planes > many_bits &&
                                               (simd::has_dot_quads<Policy> ||
                                                (simd::MultipliesPairs<Policy> &&
                                                 sizeof(simd::Bytes<Policy>) < 64));

    /// Floats, and what follows them on a cache line of its own.
    static constexpr index widened_units(MatmulSize n) {
        return (n.inputs * n.outputs + 15) / 16 * 16;
    }

    /// By counting bits, or by multiplying bytes.
    template <class S>
    static void ternary(Policy policy, MatmulSize n, word const* events, QuantizedMatrix<C> w,
                        float* y, std::byte* workspace) {
        bool const many = n.rows >= many_rows;
        if (n.rows < several_rows) {
            CodedRows<C, S, Policy, Pass::rows>::run(policy, n, events, w, y);
            return;
        }
        if constexpr (may_have_many_bits<S>) {
            if (many && percent_of_bits<S>(n, events) >= many_bits) {
                QuadProduct<C, S, Policy>::run(policy, n, events, w, y, workspace);
                return;
            }
        }
        bool const dense = many && percent_active<S>(n, events) >= 50;
        auto* const floats = reinterpret_cast<float*>(workspace);
        float const* const totals = dense ? sums_of_all(policy, n, w, floats) : nullptr;
        CodedRows<C, S, Policy, Pass::columns>::run(policy, n, events, w, y, totals);
    }

    /// By the weights as floats.
    template <class S>
    static void widened(Policy policy, MatmulSize n, word const* events, bf16 const* codes,
                        float* y, float* workspace) {
        auto const widen_some = [=](index begin, index end) {
            std::copy(codes + begin, codes + end, workspace + begin);
        };
        parallel_for(policy, n.inputs * n.outputs, widen_some, index{1} << 17);
        SpikeMatmul<Policy, S>::template forward<float>(policy, n, events, workspace, y,
                                                        workspace + widened_units(n));
    }

    /// The sums of all rows of every scale group [groups, N], in the workspace: the product of one
    /// row of spikes that all fired.
    static float const* sums_of_all(Policy policy, MatmulSize n, QuantizedMatrix<C> w,
                                    float* workspace) {
        auto* const events = reinterpret_cast<word*>(workspace);
        index const words = Element<bit>::row_units(n.inputs);
        std::fill_n(events, words, ~word{0});
        auto* const ones = reinterpret_cast<float*>(events + words);
        std::fill_n(ones, n.outputs, 1.0F);
        float* const totals = ones + n.outputs;
        float* to = totals;
        for (index i = 0; i < n.inputs; i += w.group, to += n.outputs) {
            MatmulSize const part{1, (std::min)(w.group, n.inputs - i), n.outputs};
            QuantizedMatrix<C> const rows{w.codes + i * Element<C>::row_units(n.outputs), ones,
                                          part.inputs};
            CodedRows<C, bit, Policy, Pass::columns>::run(policy, part, events, rows, to);
        }
        return totals;
    }

    /// How many of a hundred events are not 0.
    template <class S>
    static index percent_active(MatmulSize n, word const* events) {
        EventRows<S> const rows{events, Element<S>::row_units(n.inputs)};
        return rows.percent_active(n.rows, n.inputs, looked_at);
    }

    /// Bits for a hundred inputs, of each plane those that are set or those that are not, whichever
    /// are fewer.
    template <class S>
    static index percent_of_bits(MatmulSize n, word const* events) {
        constexpr index planes = Element<S>::planes;
        index const units = Element<S>::row_units(n.inputs);
        std::array<index, static_cast<std::size_t>(planes)> set{};
        index inputs = 0;
        for (index r = 0; r < n.rows; r += looked_at, inputs += n.inputs) {
            for (index u = 0; u < units; ++u) {
                set[static_cast<std::size_t>(u % planes)] += std::popcount(events[r * units + u]);
            }
        }
        index bits = 0;
        for (index const count : set) { bits += (std::min)(count, inputs - count); }
        return 100 * bits / std::max<index>(inputs, 1);
    }
};

}  // namespace spikelet::kernels
