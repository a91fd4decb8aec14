// SPDX-License-Identifier: MIT
// The linear map of packed spikes s [M,K], w [K,N], y [M,N]:
//   forward           y[m] = sum of w[i] over the i where s[m][i] fired
//   backward_weight   dw[i] += sum of dy[m] over the m where s[m][i] fired
// The order of both sums: four rows at a time, their sum added to the result, groups ascending;
// silent groups are left out. Every form keeps it, so bits depend neither on the number of rows
// nor on density, threads or blocks. Rows of silent inputs are never read for a result: infinities
// there do no harm. The gradient of the spikes is dense: Matmul::backward_input.
//
// Spikes with values, events, have the order of numbers: event_matmul.hpp.
#pragma once

#include <cstddef>

#include <spikelet/kernels/event_matmul.hpp>
#include <spikelet/kernels/gathered_product.hpp>
#include <spikelet/kernels/panel_product.hpp>

namespace spikelet::kernels {

/// Products of packed spikes of kind S with dense matrices on a processor.
template <class Policy, class S = bit>
struct SpikeMatmul : EventMatmul<Policy, S> {};

/// The same of plain spikes.
template <class Policy>
struct SpikeMatmul<Policy, bit> {
    static_assert(CpuPolicy<Policy>,
                  "spike_matmul: no kernel for this policy; the policies are Serial and OpenMp");

    /// Units of T of scratch that forward may use; 0 for few rows.
    template <class T>
    static constexpr index forward_workspace(MatmulSize n) {
        return units_of<T>(product_bytes<T>(of_y(n)));
    }
    /// Units of T of scratch that backward_weight may use.
    template <class T>
    static constexpr index backward_workspace(MatmulSize n) {
        return units_of<T>(transposed_bytes(n) + product_bytes<T>(of_dw(n)));
    }

    /// y [M,N] = s W; spikes [M,K], w [K,N].
    template <class T>
    static void forward(Policy policy, MatmulSize n, word const* spikes, T const* w, T* y,
                        T* workspace) {
        if constexpr (std::is_same_v<T, float>) {
            if (n.rows == 1) { return one_row(policy, n, spikes, w, y); }
        }
        product(policy, of_y(n), {spikes, Element<bit>::row_units(n.inputs)}, w, Start::zero, y,
                workspace);
    }

    /// y [1,N] = s W; spikes [1,K], w [K,N].
    static void one_row(Policy policy, MatmulSize n, word const* spikes, float const* w, float* y) {
        StreamedRows<float, bit, Policy>::run(policy, n, spikes, w, y);
    }

    /// dw [K,N] += s^T dy; spikes [M,K], dy [M,N]. dw may be null.
    template <class T>
    static void backward_weight(Policy policy, MatmulSize n, word const* spikes, T const* dy, T* dw,
                                T* workspace) {
        if (dw == nullptr) { return; }
        auto* const bytes = reinterpret_cast<std::byte*>(workspace);
        auto* const transposed = reinterpret_cast<word*>(bytes);
        transpose_spikes<bit>(policy, n.rows, n.inputs, spikes, transposed);
        product(policy, {n.inputs, n.rows, n.outputs},
                {transposed, Element<bit>::row_units(n.rows)}, dy, Start::result, dw,
                bytes + transposed_bytes(n));
    }

private:
    // With fewer rows nothing that is made once for all of them pays, nor where so few groups fire
    // in some more rows: percent times rows.
    static constexpr index many_rows = 16;
    static constexpr index much_work = 1300;
    // Rows whose density decides together how they are computed.
    static constexpr index block_rows = 1024;

    template <class T>
    static constexpr index product_bytes(ProductSize n) {
        n.rows = (std::min)(n.rows, block_rows);
        return n.rows < many_rows ? 0 : PanelProduct<T, Policy>::workspace(n);
    }
    static constexpr index transposed_bytes(MatmulSize n) {
        return n.inputs * Element<bit>::row_units(n.rows) * static_cast<index>(sizeof(word));
    }

    /// Groups that fire, in percent, by every eighth row.
    static index percent_fired(SpikeRows spikes, ProductSize n) {
        index fired = 0;
        index groups = 0;
        for (index r = 0; r < n.rows; r += 8, groups += groups_of(n.depth)) {
            word const* row = spikes.data + r * spikes.stride;
            for (index w = 0; w < spikes.stride; ++w) {
                fired += SpikeGroups<Policy>::count(row[w]);
            }
        }
        return 100 * fired / std::max<index>(groups, 1);
    }

    /// result = or += spikes right, some rows after another.
    template <class T>
    static void product(Policy policy, ProductSize n, SpikeRows spikes, T const* right, Start start,
                        T* result, void* workspace) {
        ProductSize part = n;
        for (index row = 0; row < n.rows; row += block_rows) {
            part.rows = (std::min)(block_rows, n.rows - row);
            SpikeRows const some{spikes.data + row * spikes.stride, spikes.stride};
            T* const to = result + row * n.columns;
            index const fired = part.rows < many_rows ? 0 : percent_fired(some, part);
            if (fired * part.rows < much_work) {
                GatheredProduct<T, Policy>::run(policy, part, some, right, start, to);
            } else {
                using Panels = PanelProduct<T, Policy>;
                Panels::run(policy, part, Panels::inputs_for(fired), some, right, start, to,
                            workspace);
            }
        }
    }
};

}  // namespace spikelet::kernels
