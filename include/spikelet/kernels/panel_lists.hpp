// SPDX-License-Identifier: MIT
// What rows of spikes add of a table, listed once and read for every panel (panel_product.hpp). The
// table holds right rows, each at the place of its input, and behind them the sums of several rows
// of a group that occur.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <spikelet/kernels/spike_groups.hpp>

namespace spikelet::kernels {

/// Lists of rows of spikes, up to 256 inputs of each, in memory of somebody else.
template <class Policy>
class PanelLists {
    using Groups = SpikeGroups<Policy>;

public:
    /// A group's place in the table.
    using Entry = std::uint16_t;

    /// Bytes that the lists of so many rows and inputs take.
    static constexpr index bytes(index rows, index inputs) {
        auto const numbers = (rows + 2) * static_cast<index>(sizeof(std::uint32_t));
        auto const entries =
            (rows * groups_of(inputs) + most_sums(inputs)) * static_cast<index>(sizeof(Entry));
        return (numbers + entries + 7) / 8 * 8;
    }
    /// Places of a table for so many inputs.
    static constexpr index places(index inputs) { return rows_of(inputs) + most_sums(inputs); }
    /// Places of right rows, those of whole groups; sums come behind them.
    static constexpr index rows_of(index inputs) { return groups_of(inputs) * group_size; }

    /// `memory` has bytes(rows, inputs) bytes and is aligned for words.
    PanelLists(std::byte* memory, index rows, index inputs)
        : ends_(reinterpret_cast<std::uint32_t*>(memory)),
          sum_count_(ends_ + rows + 1),
          sums_(reinterpret_cast<GroupEntry*>(sum_count_ + 1)),
          entries_(sums_ + most_sums(inputs)) {}

    /// Fills the lists from rows of spikes.
    void list(SpikeRows spikes, index rows, index inputs) {
        index const words = Element<bit>::row_units(inputs);
        Places places = places_of_rows(inputs);
        auto next = static_cast<Entry>(rows_of(inputs));
        GroupEntry* sum = sums_;
        Entry* end = entries_;
        ends_[0] = 0;
        for (index r = 0; r < rows; ++r, spikes.data += spikes.stride) {
            Entry* entry = end;
            end += Groups::list_fired(spikes.data, words, end);
            for (; entry != end; ++entry) {
                Entry& place = places[*entry];
                if (place == nowhere) {
                    *sum++ = *entry;
                    place = next++;
                }
                *entry = place;
            }
            ends_[r + 1] = static_cast<std::uint32_t>(end - entries_);
        }
        *sum_count_ = static_cast<std::uint32_t>(sum - sums_);
    }

    /// What row r adds: [begin, end).
    Entry const* begin(index r) const { return entries_ + ends_[r]; }
    /// Behind the last of them.
    Entry const* end(index r) const { return entries_ + ends_[r + 1]; }

    /// The sums behind the right rows: [begin, end).
    GroupEntry const* sums_begin() const { return sums_; }
    /// Behind the last of them.
    GroupEntry const* sums_end() const { return sums_ + *sum_count_; }

private:
    static constexpr Entry nowhere = 0xFFFF;
    static constexpr index most_inputs = 256;

    /// Where in the table the pattern of a group is.
    using Places =
        std::array<Entry, static_cast<std::size_t>(most_inputs / group_size * group_patterns)>;

    static constexpr index most_sums(index inputs) {
        return groups_of(inputs) * (group_patterns - 1 - group_size);
    }

    static constexpr Places places_of_rows(index inputs) {
        Places places;
        places.fill(nowhere);
        for (index i = 0; i < inputs; ++i) {
            index const pattern = index{1} << i % group_size;
            places[static_cast<std::size_t>(i / group_size * group_patterns + pattern)] =
                static_cast<Entry>(i);
        }
        return places;
    }

    std::uint32_t *ends_, *sum_count_;
    GroupEntry* sums_;
    Entry* entries_;
};

}  // namespace spikelet::kernels
