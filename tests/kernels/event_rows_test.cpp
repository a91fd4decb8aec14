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

TEST_CASE("event_rows: some rows say how many events of a hundred are active") {
    // Rows 0, 3 and 6 of 7 have 0, 3 and 6 events of 70, the others all.
    std::vector<word> words(7 * 2 * 2);
    for (std::size_t r = 0; r < 7; ++r) {
        words[4 * r + 1] = r % 3 == 0 ? (word{1} << r) - 1 : ~word{0};
        words[4 * r + 2] = r % 3 == 0 ? 0 : word{63};
    }
    kernels::EventRows<graded<2>> const rows{words.data(), 4};
    CHECK(rows.percent_active(7, 70, 3) == 100 * (3 + 6) / (3 * 70));
    CHECK(rows.percent_active(6, 70, 3) == 100 * 3 / (2 * 70));
    CHECK(rows.percent_active(7, 70, 1) == 100 * (4 * 70 + 9) / (7 * 70));
    CHECK(rows.percent_active(0, 70, 3) == 0);
    CHECK(rows.percent_active(7, 0, 3) == 0);
}

}  // namespace
}  // namespace spikelet::test::event_rows_test
