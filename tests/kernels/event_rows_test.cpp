// SPDX-License-Identifier: MIT
#include <spikelet/kernels/event_rows.hpp>

#include <doctest/doctest.h>

#include <kernels/spike_support.hpp>

namespace spikelet::test::event_rows_test {
namespace {

TEST_CASE_TEMPLATE("event_rows: which events are active, what each is worth", S, graded<2>,
                   graded<3>, graded<4>, signed_graded<3>, trit) {
    for (index const columns : {1, 64, 65, 200}) {
        RandomSpikes<float, S> const s(5, columns, 0.4, 1);
        kernels::EventRows<S> const rows{s.packed.data(), Element<S>::row_units(columns)};
        bool right = true;
        for (index r = 0; r < 5; ++r) {
            float const* const expected = s.numbers.data() + r * columns;
            for (index first = 0; first < columns; first += bits_per_word) {
                auto const row = rows.template row<float>(r, first);
                for (index i = 0; i < columns - first; ++i) {
                    word const active = row.active(i / bits_per_word * bits_per_word);
                    right = right && row.number(i) == expected[first + i];
                    right = right && (active >> i % bits_per_word & 1) ==
                                         (expected[first + i] != 0 ? 1U : 0U);
                }
            }
            right = right && rows.count_active(r, columns) ==
                                 columns - std::count(expected, expected + columns, 0.0F);
        }
        CHECK(right);
    }
}

}  // namespace
}  // namespace spikelet::test::event_rows_test
