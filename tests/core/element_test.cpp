// SPDX-License-Identifier: MIT
#include <spikelet/core/element.hpp>

#include <doctest/doctest.h>

namespace spikelet::test::element_test {
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

TEST_CASE("element: a graded spike is the sum of the weights of its bits") {
    // Two words of 64 elements, three bits each: element 65 is the second bit of words 3, 4 and 5.
    word const row[6] = {1, 0, 1, 2, 2, 2};
    CHECK(Element<graded<3>>::row_units(64) == 3);
    CHECK(Element<graded<3>>::row_units(65) == 6);
    CHECK(Element<graded<3>>::at(row, 0) == 5);
    CHECK(Element<graded<3>>::at(row, 1) == 0);
    CHECK(Element<graded<3>>::at(row, 65) == 7);
    CHECK(Element<signed_graded<3>>::at(row, 0) == -3);
    CHECK(Element<signed_graded<3>>::at(row, 65) == -1);
    CHECK(Element<graded<2>>::at(row, 0) == 1);
    CHECK(Element<graded<4>>::at(row, 1) == 8);
}

TEST_CASE("element: a trit has a bit for 1 and a bit for -1") {
    word const row[2] = {0b0101, 0b0010};
    CHECK(Element<trit>::row_units(128) == 4);
    CHECK(Element<trit>::at(row, 0) == 1);
    CHECK(Element<trit>::at(row, 1) == -1);
    CHECK(Element<trit>::at(row, 2) == 1);
    CHECK(Element<trit>::at(row, 3) == 0);
}

TEST_CASE("element: two weights of four bits share a byte, each plus 8") {
    std::uint8_t const row[2] = {0x1F, 0x08};
    CHECK(Element<int4>::row_units(3) == 2);
    CHECK(Element<int4>::at(row, 0) == 7);
    CHECK(Element<int4>::at(row, 1) == -7);
    CHECK(Element<int4>::at(row, 2) == 0);
}

TEST_CASE("element: bf16 is the upper half of a float") {
    CHECK(bf16{0x3F80} == 1.0F);
    CHECK(bf16{0xC2F7} == -123.5F);
}

}  // namespace
}  // namespace spikelet::test::element_test
