// SPDX-License-Identifier: MIT
#include <spikelet/core/view.hpp>

#include <array>
#include <numeric>

#include <doctest/doctest.h>

namespace spikelet::test::view_test {
namespace {

TEST_CASE("view: elements lie row by row, channels last") {
    std::array<int, 24> numbers{};
    std::iota(numbers.begin(), numbers.end(), 0);
    View<int, dyn, 3, 4> const v(numbers.data(), Extents<dyn, 3, 4>(2, {}, {}));
    int next = 0;
    for (index a = 0; a < 2; ++a) {
        for (index b = 0; b < 3; ++b) {
            CHECK(v.row(a * 3 + b) == numbers.data() + next);
            for (index c = 0; c < 4; ++c) { CHECK(v(a, b, c) == next++); }
        }
    }
    CHECK(v.size() == 24);
    CHECK(v.rows() == 6);
    CHECK(v.extent(0) == 2);
    CHECK(v.extent(2) == 4);
}

TEST_CASE("view: constness is shallow, and a view writes through") {
    std::array<int, 2> numbers{1, 2};
    View<int, 2> const v(numbers.data(), {});
    v(1) = 5;
    CHECK(numbers[1] == 5);
    View<int const, 2> const read_only(numbers.data(), {});
    CHECK(read_only(1) == 5);
}

TEST_CASE("view: a spike reads as a truth value, across the edges of words and rows") {
    std::array<word, 4> words{word{1} << 63, 1, 5, 0};
    View<bit const, dyn, 66> const v(words.data(), Extents<dyn, 66>(2, {}));
    for (index c = 0; c < 66; ++c) {
        CAPTURE(c);
        CHECK(v(0, c) == (c == 63 || c == 64));
        CHECK(v(1, c) == (c == 0 || c == 2));
    }
    CHECK(v.row(1) == words.data() + 2);
}

}  // namespace
}  // namespace spikelet::test::view_test
