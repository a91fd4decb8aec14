// SPDX-License-Identifier: MIT
// Packed spikes [rows, columns] as [columns, rows], 64 by 64 at a time, every plane by itself.
#pragma once

#include <algorithm>

#include <spikelet/core/policy.hpp>
#include <spikelet/kernels/spike_groups.hpp>

namespace spikelet::kernels {

/// Writes spikes of kind S [rows, columns] to [columns, rows].
template <class S, class Policy>
void transpose_spikes(Policy policy, index rows, index columns, word const* spikes, word* to) {
    constexpr index planes = Element<S>::planes;
    index const from_words = Element<S>::row_units(columns);
    index const to_words = Element<S>::row_units(rows);
    auto const some = [=](index begin, index end) {
        for (index w = begin; w < end; ++w) {
            index const first = w / planes * bits_per_word;
            word* const plane = to + first * to_words + w % planes;
            for (index r = 0; r < rows; r += bits_per_word) {
                BitTile tile{};
                for (index i = 0; i < (std::min)(bits_per_word, rows - r); ++i) {
                    tile[static_cast<std::size_t>(i)] = spikes[(r + i) * from_words + w];
                }
                SpikeGroups<Policy>::transpose(tile);
                for (index i = 0; i < (std::min)(bits_per_word, columns - first); ++i) {
                    plane[i * to_words + r / bits_per_word * planes] =
                        tile[static_cast<std::size_t>(i)];
                }
            }
        }
    };
    constexpr index worth_a_thread = index{1} << 16;
    parallel_for(policy, from_words, some, grain_of(worth_a_thread, rows));
}

}  // namespace spikelet::kernels
