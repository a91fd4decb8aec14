// SPDX-License-Identifier: MIT
#include "spikegpt/rows.hpp"

#include <numeric>

#include <doctest/doctest.h>

namespace spikelet_test::spikegpt_rows_test {

namespace sk = spikelet;

TEST_CASE("rows: each reads its part of the text, window after window, and begins again") {
    constexpr sk::index size = 3 * 22 + 1, rows = 3, ctx = 5;
    std::vector<std::uint16_t> ids(size);
    std::iota(ids.begin(), ids.end(), std::uint16_t{0});
    sk::Corpus const text("text", ids, size);
    spikegpt::Rows const parts(text, rows, ctx, sk::Rng(1));
    sk::Batch batch;
    std::vector<std::int32_t> begins;
    std::vector<std::int32_t> next(rows);
    for (sk::index number = 0; number < 40; ++number) {
        CAPTURE(number);
        bool const goes_on = parts.read(number, batch);
        CHECK(goes_on == (number % 4 > 0));
        if (!goes_on) { begins.push_back(batch.input.ids[0]); }
        for (sk::index b = 0; b < rows; ++b) {
            auto const row = batch.input.row(b);
            auto& expected = next[static_cast<std::size_t>(b)];
            if (goes_on) { CHECK(row[0] == expected); }
            CHECK(row[0] >= b * 22);
            CHECK(batch.target.row(b)[4] <= (b + 1) * 22);
            for (std::size_t t = 0; t < 5; ++t) {
                CHECK(row[t] == row[0] + static_cast<std::int32_t>(t));
                CHECK(batch.target.row(b)[t] == row[t] + 1);
            }
            expected = row[4] + 1;
        }
    }
    // Any of three places.
    CHECK(*std::ranges::min_element(begins) == 0);
    CHECK(*std::ranges::max_element(begins) == 2);
}

}  // namespace spikelet_test::spikegpt_rows_test
