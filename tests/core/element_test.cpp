// SPDX-License-Identifier: MIT
#include <spikelet/core/element.hpp>

#include <doctest/doctest.h>

namespace spikelet {
namespace {

TEST_CASE("element: rows of spikes are padded to whole words") {
    CHECK(Element<bit>::row_units(0) == 0);
    CHECK(Element<bit>::row_units(1) == 1);
    CHECK(Element<bit>::row_units(63) == 1);
    CHECK(Element<bit>::row_units(64) == 1);
    CHECK(Element<bit>::row_units(65) == 2);
    CHECK(Element<bit>::row_units(640) == 10);
}

TEST_CASE("element: numbers take one unit each, spikes a word for every 64 of a row") {
    Extents<dyn, 3, dyn> const e(2, {}, 65);
    CHECK(units<float>(e) == 390);
    CHECK(units<bit>(e) == 12);
    CHECK(units<bit>(Extents<65>{}) == 2);
}

}  // namespace
}  // namespace spikelet
