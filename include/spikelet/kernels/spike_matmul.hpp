// SPDX-License-Identifier: MIT
// The linear map of packed spikes s [M,K] bits, w [K,N], y [M,N]: no products are left.
//   forward           y[m] = sum of the rows w[i] where s[m][i] is set
//   backward_weight   dw[i] += sum of the rows dy[m] where s[m][i] is set
// The order of both sums: four rows at a time, their sum (ascending) added to the result, groups
// ascending. Every form of the product keeps it, so bits depend neither on the number of rows nor
// on density, threads or blocks. Rows of silent inputs are never read for a result: infinities
// there do no harm. The gradient of the spikes is dense: Matmul::backward_input.
#pragma once

#include <cstddef>

#include <spikelet/kernels/gathered_product.hpp>
#include <spikelet/kernels/grouped_product.hpp>
#include <spikelet/kernels/matmul.hpp>

namespace spikelet::kernels {

/// Products of packed spikes with dense matrices on a processor.
template <class Policy>
struct SpikeMatmul {
    static_assert(CpuPolicy<Policy>,
                  "spike_matmul: no kernel for this policy; the policies are Serial and OpenMp");

    /// Units of T of scratch that forward may use; 0 for few rows.
    template <class T>
    static constexpr index forward_workspace(MatmulSize n) {
        return units_of<T>(product_bytes<T>({n.rows, n.inputs, n.outputs}));
    }
    /// Units of T of scratch that backward_weight may use.
    template <class T>
    static constexpr index backward_workspace(MatmulSize n) {
        return units_of<T>(transposed_bytes(n) + product_bytes<T>({n.inputs, n.rows, n.outputs}));
    }

    /// y [M,N] = s W; spikes [M,K] bits, w [K,N].
    template <class T>
    static void forward(Policy policy, MatmulSize n, word const* spikes, T const* w, T* y,
                        T* workspace) {
        product(policy, {n.rows, n.inputs, n.outputs}, {spikes, Element<bit>::row_units(n.inputs)},
                w, Start::zero, y, workspace);
    }

    /// dw [K,N] += s^T dy; spikes [M,K] bits, dy [M,N]. dw may be null.
    template <class T>
    static void backward_weight(Policy policy, MatmulSize n, word const* spikes, T const* dy, T* dw,
                                T* workspace) {
        if (dw == nullptr) { return; }
        auto* const bytes = reinterpret_cast<std::byte*>(workspace);
        auto* const transposed = reinterpret_cast<word*>(bytes);
        transpose_spikes(policy, n.rows, n.inputs, spikes, transposed);
        product(policy, {n.inputs, n.rows, n.outputs},
                {transposed, Element<bit>::row_units(n.rows)}, dy, Start::result, dw,
                bytes + transposed_bytes(n));
    }

private:
    // With fewer rows a table of sums does not pay.
    static constexpr index table_rows = 64;
    // Groups that fire, in percent, from which tables pay, and from which silent groups are added.
    static constexpr index few_groups = 15;
    static constexpr index many_groups = 75;
    // Rows whose density decides together how they are computed.
    static constexpr index block_rows = 1024;

    template <class T>
    static constexpr index units_of(index bytes) {
        constexpr auto each = static_cast<index>(sizeof(T));
        return (bytes + each - 1) / each;
    }
    template <class T>
    static constexpr index product_bytes(ProductSize n) {
        n.rows = std::min(n.rows, block_rows);
        return n.rows < table_rows ? 0
                                   : std::max(GroupedProduct<T, Policy, Form::fired>::workspace(n),
                                              GroupedProduct<T, Policy, Form::all>::workspace(n));
    }
    static constexpr index transposed_bytes(MatmulSize n) {
        return n.inputs * Element<bit>::row_units(n.rows) * static_cast<index>(sizeof(word));
    }

    /// Groups that fire, in percent, by every eighth row.
    static index percent_fired(SpikeRows spikes, ProductSize n) {
        index fired = 0;
        index groups = 0;
        for (index r = 0; r < n.rows; r += 8, groups += groups_of(n.depth)) {
            fired += SpikeGroups<Policy>::count(spikes.data + r * spikes.stride, spikes.stride);
        }
        return 100 * fired / std::max<index>(groups, 1);
    }

    /// result = or += spikes right, some rows after another.
    template <class T>
    static void product(Policy policy, ProductSize n, SpikeRows spikes, T const* right, Start start,
                        T* result, void* workspace) {
        ProductSize part = n;
        for (index row = 0; row < n.rows; row += block_rows) {
            part.rows = std::min(block_rows, n.rows - row);
            SpikeRows const some{spikes.data + row * spikes.stride, spikes.stride};
            T* const to = result + row * n.columns;
            index const fired = part.rows < table_rows ? 0 : percent_fired(some, part);
            if (fired < few_groups) {
                GatheredProduct<T, Policy>::run(policy, part, some, right, start, to);
            } else if (fired < many_groups) {
                GroupedProduct<T, Policy, Form::fired>::run(policy, part, some, right, start, to,
                                                            workspace);
            } else {
                GroupedProduct<T, Policy, Form::all>::run(policy, part, some, right, start, to,
                                                          workspace);
            }
        }
    }

    /// Spikes [rows, columns] as [columns, rows].
    static void transpose_spikes(Policy policy, index rows, index columns, word const* spikes,
                                 word* to) {
        index const from_words = Element<bit>::row_units(columns);
        index const to_words = Element<bit>::row_units(rows);
        auto const some = [=](index begin, index end) {
            for (index w = begin; w < end; ++w) {
                for (index r = 0; r < rows; r += bits_per_word) {
                    BitTile tile{};
                    for (index i = 0; i < std::min(bits_per_word, rows - r); ++i) {
                        tile[static_cast<std::size_t>(i)] = spikes[(r + i) * from_words + w];
                    }
                    SpikeGroups<Policy>::transpose(tile);
                    index const first = w * bits_per_word;
                    for (index i = 0; i < std::min(bits_per_word, columns - first); ++i) {
                        to[(first + i) * to_words + r / bits_per_word] =
                            tile[static_cast<std::size_t>(i)];
                    }
                }
            }
        };
        constexpr index worth_a_thread = index{1} << 16;
        parallel_for(policy, from_words, some, grain_of(worth_a_thread, rows));
    }
};

}  // namespace spikelet::kernels
