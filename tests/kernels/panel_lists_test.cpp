// SPDX-License-Identifier: MIT
#include <spikelet/kernels/panel_lists.hpp>

#include <doctest/doctest.h>

#include <kernels/spike_support.hpp>

namespace spikelet::test::panel_lists_test {
namespace {

struct Lists : kernels::PanelLists<Serial<>> {
    using Base = kernels::PanelLists<Serial<>>;

    Lists(std::vector<word>& memory, RandomSpikes<float> const& s, index rows)
        : Base(reinterpret_cast<std::byte*>(resized(memory, rows, s.inputs)), rows, s.inputs) {
        Base::list({s.packed.data(), Element<bit>::row_units(s.inputs)}, rows, s.inputs);
    }

    static word* resized(std::vector<word>& memory, index rows, index inputs) {
        memory.assign(static_cast<std::size_t>(Base::bytes(rows, inputs) / 8), ~0ULL);
        return memory.data();
    }
};

TEST_CASE("panel_lists: entries of plain spikes are right rows or the sums behind them") {
    for (index const inputs : {1, 63, 70, 256}) {
        index const rows = 40;
        RandomSpikes<float> const s(rows, inputs, 0.3, 1);
        std::vector<word> memory;
        Lists const lists(memory, s, rows);
        bool right = true;
        for (index r = 0; r < rows; ++r) {
            std::vector<float> found(static_cast<std::size_t>((inputs + 3) / 4 * 4));
            index last = -1;
            for (auto const* entry = lists.begin(r); entry != lists.end(r); ++entry) {
                index const behind = *entry - Lists::rows_of(inputs);
                unsigned const place =
                    behind < 0 ? *entry / 4U * 16 + (1U << *entry % 4) : lists.sums_begin()[behind];
                right = right && static_cast<index>(place / 16) > last;
                last = static_cast<index>(place / 16);
                for (unsigned i = 0; i < 4; ++i) {
                    found.at(place / 16 * 4 + i) = (place >> i & 1) != 0 ? 1.0F : 0.0F;
                }
            }
            found.resize(static_cast<std::size_t>(inputs));
            auto const from = s.numbers.begin() + r * inputs;
            right = right && std::equal(found.begin(), found.end(), from);
        }
        CHECK(right);
        index const sums = lists.sums_end() - lists.sums_begin();
        CHECK(Lists::rows_of(inputs) + sums <= Lists::places(inputs));
        std::vector<kernels::GroupEntry> once(lists.sums_begin(), lists.sums_end());
        std::sort(once.begin(), once.end());
        CHECK(std::adjacent_find(once.begin(), once.end()) == once.end());
    }
}

}  // namespace
}  // namespace spikelet::test::panel_lists_test
