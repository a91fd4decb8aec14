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
inline constexpr index groups_per_word = bits_per_word / group_size;

/// A group and its pattern: group_patterns * group + pattern.
using GroupEntry = std::uint16_t;

/// Groups that hold an array of this many inputs.
[[gnu::always_inline]] constexpr index groups_of(index inputs) {
    return (inputs + group_size - 1) / group_size;
}

/// Rows of packed spikes: row r starts at word r * stride.
struct SpikeRows {
    word const* data;
    index stride;
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

    /// How many groups of these words fired.
    static constexpr index count(word const* spikes, index words) {
        index n = 0;
        for (index w = 0; w < words; ++w) { n += std::popcount(fired(spikes[w])); }
        return n;
    }

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

    /// Lists all groups of some words, also those that are silent.
    static constexpr void list_all(word const* spikes, index words, GroupEntry* entries) {
        constexpr word each = 0x0001000100010001;  // one in each of four entries
        word numbers = 0x0030002000100000;         // the first four groups, with no pattern
        for (index w = 0; w < words; ++w) {
            for (index quarter = 0; quarter < 4; ++quarter, numbers += 4 * group_patterns * each) {
                word const four = numbers + spread(spikes[w] >> (quarter * 16));
                for (index g = 0; g < 4; ++g) {
                    *entries++ = static_cast<GroupEntry>(four >> (16 * g));
                }
            }
        }
    }

    /// Exchanges rows and columns: ever smaller blocks swap across the diagonal (Warren, "Hacker's
    /// Delight", section 7-3).
    static constexpr void transpose(BitTile& tile) {
        word low = 0xFFFFFFFF;
        for (std::size_t half = 32; half > 0; half /= 2, low ^= low << half) {
            for (std::size_t r = 0; r < tile.size(); r = (r + half + 1) & ~half) {
                word const swapped = ((tile[r] >> half) ^ tile[r + half]) & low;
                tile[r] ^= swapped << half;
                tile[r + half] ^= swapped;
            }
        }
    }

private:
    /// Four patterns of four bits as four numbers of sixteen.
    static constexpr word spread(word patterns) {
        word x = patterns & 0xFFFF;
        x = (x | (x << 24)) & 0x000000FF000000FF;
        return (x | (x << 12)) & 0x000F000F000F000F;
    }

    static constexpr GroupEntry entry(index group, word spikes) {
        auto const pattern = static_cast<index>(spikes & (group_patterns - 1));
        return static_cast<GroupEntry>(group * group_patterns + pattern);
    }
};

}  // namespace spikelet::kernels
