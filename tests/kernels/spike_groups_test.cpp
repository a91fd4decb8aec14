// SPDX-License-Identifier: MIT
#include <spikelet/kernels/spike_groups.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/policy.hpp>
#include <spikelet/core/rng.hpp>

namespace spikelet::test::spike_groups_test {
namespace {

using kernels::GroupEntry;
using Groups = kernels::SpikeGroups<Serial<>>;

TEST_CASE("spike_groups: those that fired, with their patterns, in ascending order") {
    std::vector<word> const spikes{0xF000000000000021, 0, 0x0000000000000800};
    std::vector<GroupEntry> entries(48, 9999);
    index const n = Groups::list_fired(spikes.data(), 3, entries.data());
    entries.resize(static_cast<std::size_t>(n));
    CHECK(entries == std::vector<GroupEntry>{0 * 16 + 1, 1 * 16 + 2, 15 * 16 + 15, 34 * 16 + 8});
    CHECK(Groups::count(spikes[0]) == 3);
    CHECK(Groups::count(spikes[1]) == 0);
}

TEST_CASE("spike_groups: a tile of bits is transposed") {
    Rng rng(1);
    kernels::BitTile tile{};
    for (word& row : tile) { row = rng.bits(); }
    kernels::BitTile const before = tile;
    Groups::transpose(tile);
    for (std::size_t r = 0; r < tile.size(); ++r) {
        for (std::size_t c = 0; c < tile.size(); ++c) {
            CHECK((tile[c] >> r & 1) == (before[r] >> c & 1));
        }
    }
}

}  // namespace
}  // namespace spikelet::test::spike_groups_test
