// SPDX-License-Identifier: MIT
// Spikes in groups of four, the unit of every product with spikes: what a group adds is the sum of
// its active rows in ascending order, and groups are added in ascending order. Sixteen patterns of
// a group have sixteen sums, which may be added up as they are met or looked up in a table.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include <spikelet/core/element.hpp>

namespace spikelet::kernels {

/// Inputs that are summed before they are added.
inline constexpr index group_size = 4;
/// What a group may look like: bit i of a pattern is its input i.
inline constexpr index group_patterns = 16;
/// Groups in a word.
inline constexpr index groups_per_word = bits_per_word / group_size;

/// A group and its pattern: group_patterns * group + pattern.
using GroupEntry = std::uint16_t;

/// Groups that hold an array of this many inputs.
[[gnu::always_inline]] constexpr index groups_of(index inputs) {
    return (inputs + group_size - 1) / group_size;
}

/// Rows of packed spikes: row r starts at word r * stride.
struct SpikeRows {
    word const* data;  ///< the first row
    index stride;      ///< words from row to row
};

/// 64 rows of 64 spikes.
using BitTile = std::array<word, static_cast<std::size_t>(bits_per_word)>;

/// Looks at words of spikes. Policy names the instruction set: see core/policy.hpp.
template <class Policy>
struct SpikeGroups {
    /// The first bit of every group in which something fired.
    static constexpr word fired(word spikes) {
        word const pairs = spikes | (spikes >> 1);
        return (pairs | (pairs >> 2)) & 0x1111111111111111;
    }

    /// How many groups of a word fired.
    static constexpr index count(word spikes) { return std::popcount(fired(spikes)); }

    /// Lists the groups of some words that fired, in ascending order; returns how many.
    static constexpr index list_fired(word const* spikes, index words, GroupEntry* entries) {
        index n = 0;
        for (index w = 0; w < words; ++w) {
            for (word rest = fired(spikes[w]); rest != 0; rest &= rest - 1) {
                int const first = std::countr_zero(rest);
                entries[n++] = entry(w * groups_per_word + first / group_size, spikes[w] >> first);
            }
        }
        return n;
    }

    /// Exchanges rows and columns: ever smaller blocks swap across the diagonal (Warren, "Hacker's
    /// Delight", section 7-3).
    static constexpr void transpose(BitTile& tile) {
        swap<32>(tile);
        swap<16>(tile);
        swap<8>(tile);
        swap<4>(tile);
        swap<2>(tile);
        swap<1>(tile);
    }

private:
    /// Swaps the upper right and the lower left quarter of all squares of 2 * half.
    template <std::size_t half>
    static constexpr void swap(BitTile& tile) {
        constexpr word left = ~word{0} / ((word{1} << half) + 1);  // half columns of 2 * half
        for (std::size_t first = 0; first < tile.size(); first += 2 * half) {
            for (std::size_t r = first; r < first + half; ++r) {
                word const swapped = ((tile[r] >> half) ^ tile[r + half]) & left;
                tile[r] ^= swapped << half;
                tile[r + half] ^= swapped;
            }
        }
    }

    static constexpr GroupEntry entry(index group, word spikes) {
        auto const pattern = static_cast<index>(spikes & (group_patterns - 1));
        return static_cast<GroupEntry>(group * group_patterns + pattern);
    }
};

}  // namespace spikelet::kernels
