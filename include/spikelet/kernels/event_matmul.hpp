// SPDX-License-Identifier: MIT
// The linear map of events s [M,K] of kind S (spikes with values), w [K,N], y [M,N]:
//   forward           y = s W
//   backward_weight   dw += s^T dy
// Both are the products of the same events as numbers, bit for bit (matmul.hpp): per element one
// ascending chain of fma, without the terms of silent inputs where leaving them out pays. Their
// weights are then not read. One row reads those of active inputs only.
#pragma once

#include <spikelet/kernels/heaviside.hpp>
#include <spikelet/kernels/spike_transpose.hpp>
#include <spikelet/kernels/streamed_rows.hpp>

namespace spikelet::kernels {

/// Products of events of kind S with dense matrices on a processor.
template <class Policy, class S>
struct EventMatmul {
    static_assert(CpuPolicy<Policy>,
                  "event_matmul: no kernel for this policy; the policies are Serial and OpenMp");

    /// Units of T of scratch that forward may use; 0 for one row.
    template <class T>
    static constexpr index forward_workspace(MatmulSize n) {
        if (n.rows == 1) { return 0; }
        n.rows = (std::min)(n.rows, block_rows);
        return (std::max)(units_of<T>(SparseProduct<T, Policy>::workspace(of_y(n))),
                          dense_units<T>(n));
    }
    /// Units of T of scratch that backward_weight may use.
    template <class T>
    static constexpr index backward_workspace(MatmulSize n) {
        n.rows = (std::min)(n.rows, block_rows);
        return (std::max)(
            units_of<T>(transposed_bytes(n) + SparseProduct<T, Policy>::workspace(of_dw(n))),
            dense_units<T>(n));
    }

    /// y [M,N] = s W; events [M,K] of S, w [K,N].
    template <class T>
    static void forward(Policy policy, MatmulSize n, word const* events, T const* w, T* y,
                        T* workspace) {
        if (n.rows == 1) { return one_row(policy, n, events, w, y); }
        for_each_block(n, [&](index row, MatmulSize part) {
            Rows const rows = rows_of(events, n, row);
            T* const to = y + row * n.outputs;
            index const depth = table_depth<T>(of_y(part), rows, part);
            if (part.rows < few_rows && few_active<T>(rows, part)) {
                SparseRows<T, Policy>::forward(policy, part.rows, part.inputs, part.outputs, rows,
                                               w, to);
            } else if (depth > 0) {
                SparseProduct<T, Policy>::run(policy, of_y(part), depth, rows, w, Start::zero, to,
                                              reinterpret_cast<std::byte*>(workspace));
            } else {
                T* const rest = as_numbers(policy, part, rows, workspace);
                LinearProducts<T, Policy>::forward(policy, part, workspace, w, to, rest);
            }
        });
    }

    /// y [1,N] = s W; events [1,K] of S, w [K,N].
    template <class T>
    static void one_row(Policy policy, MatmulSize n, word const* events, T const* w, T* y) {
        if constexpr (std::is_same_v<T, float>) {
            StreamedRows<T, S, Policy>::run(policy, n, events, w, y);
        } else {
            SparseRows<T, Policy>::forward(policy, 1, n.inputs, n.outputs, rows_of(events, n, 0), w,
                                           y);
        }
    }

    /// dw [K,N] += s^T dy; events [M,K] of S, dy [M,N]. dw may be null.
    template <class T>
    static void backward_weight(Policy policy, MatmulSize n, word const* events, T const* dy, T* dw,
                                T* workspace) {
        if (dw == nullptr) { return; }
        for_each_block(n, [&](index row, MatmulSize part) {
            Rows const rows = rows_of(events, n, row);
            T const* const from = dy + row * n.outputs;
            if (index const depth = table_depth<T>(of_dw(part), rows, part); depth > 0) {
                auto* const bytes = reinterpret_cast<std::byte*>(workspace);
                auto* const columns = reinterpret_cast<word*>(bytes);
                transpose_spikes<S>(policy, part.rows, part.inputs, rows.data, columns);
                Rows const left{columns, Element<S>::row_units(part.rows)};
                SparseProduct<T, Policy>::run(policy, of_dw(part), depth, left, from, Start::result,
                                              dw, bytes + transposed_bytes(part));
            } else {
                T* const rest = as_numbers(policy, part, rows, workspace);
                LinearProducts<T, Policy>::backward_weight(policy, part, workspace, from, dw, rest);
            }
        });
    }

private:
    using Rows = EventRows<S>;
    // With fewer rows nothing that is made once for all of them pays.
    static constexpr index few_rows = 32;
    // Rows whose density decides together how they are computed, and that are numbers together.
    static constexpr index block_rows = 1024;

    static constexpr index transposed_bytes(MatmulSize n) {
        return n.inputs * Element<S>::row_units(n.rows) * static_cast<index>(sizeof(word));
    }

    /// Events as numbers, up to a multiple of the alignment, and what their products need.
    template <class T>
    static constexpr index number_units(MatmulSize n) {
        constexpr auto line = static_cast<index>(alignment / sizeof(T));
        return (n.rows * n.inputs + line - 1) / line * line;
    }
    template <class T>
    static constexpr index dense_units(MatmulSize n) {
        return number_units<T>(n) + LinearProducts<T, Policy>::workspace(n);
    }

    static Rows rows_of(word const* events, MatmulSize n, index row) {
        index const stride = Element<S>::row_units(n.inputs);
        return {events + row * stride, stride};
    }

    /// Calls f(first row, sizes) for some rows after another.
    static void for_each_block(MatmulSize n, auto&& f) {
        for (index row = 0; row < n.rows; row += block_rows) {
            f(row, MatmulSize{(std::min)(block_rows, n.rows - row), n.inputs, n.outputs});
        }
    }

    /// Whether a handful of rows are silent enough to read the weights of active inputs only.
    template <class T>
    static bool few_active(Rows rows, MatmulSize n) {
        index active = 0;
        for (index r = 0; r < n.rows; ++r) { active += rows.count_active(r, n.inputs); }
        return SparseRows<T, Policy>::pays(n.rows, n.inputs, active);
    }

    /// How deep the tables of a product are that leaves out silent inputs; 0 if it does not.
    template <class T>
    static index table_depth(ProductSize product, Rows rows, MatmulSize n) {
        using Sparse = SparseProduct<T, Policy>;
        if (n.rows < few_rows || !Sparse::pays(product, 0)) { return 0; }
        return Sparse::depth_for(product, rows.percent_active(n.rows, n.inputs, Sparse::looked_at));
    }

    /// Writes events as numbers, and returns what is left of the workspace.
    template <class T>
    static T* as_numbers(Policy policy, MatmulSize n, Rows rows, T* workspace) {
        AddSpikes<Policy, S>::template forward<T>(policy, n.rows, n.inputs, nullptr, rows.data,
                                                  workspace);
        return workspace + number_units<T>(n);
    }
};

}  // namespace spikelet::kernels
