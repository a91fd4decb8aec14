// SPDX-License-Identifier: MIT
#include <spikelet/core/extents.hpp>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>

namespace spikelet::test::extents_test {
namespace {

TEST_CASE("extents: static and dynamic extents answer alike") {
    Extents<dyn, 3, dyn> const e(2, {}, 5);
    CHECK(e[0] == 2);
    CHECK(e[1] == 3);
    CHECK(e[2] == 5);
    CHECK(e.size() == 30);
    CHECK(e.rows() == 6);
    CHECK(e == Extents<dyn, 3, dyn>(2, 3, 5));
    CHECK_FALSE(e == Extents<dyn, 3, dyn>(2, 3, 6));
    CHECK_FALSE(e == Extents<dyn, 3, dyn>(1, 3, 5));
}

TEST_CASE("extents: wherever the static ones stand, the arithmetic is the same") {
    Rng rng(1);
    for (int trial = 0; trial < 100; ++trial) {
        index const a = rng.below(7);
        index const b = rng.below(7);
        index const c = rng.below(7);
        Extents<dyn, dyn, dyn> const none(a, b, c);
        Extents<4, dyn, dyn> const first({}, b, c);
        Extents<dyn, 4, dyn> const middle(a, {}, c);
        Extents<dyn, dyn, 4> const last(a, b, {});
        CHECK(none.size() == a * b * c);
        CHECK(first.size() == 4 * b * c);
        CHECK(middle.size() == a * 4 * c);
        CHECK(last.size() == a * b * 4);
        CHECK(none.rows() == a * b);
        CHECK(last.rows() == a * b);
        CHECK(last.rows() * last[2] == last.size());
    }
}

TEST_CASE("extents: a vector has one row, an empty array no elements") {
    CHECK(Extents<7>{}.rows() == 1);
    CHECK(Extents<dyn>(7).rows() == 1);
    CHECK(Extents<dyn, 4>(0, {}).size() == 0);
    CHECK(Extents<dyn, dyn>{}.size() == 0);
}

TEST_CASE("extents: with_last changes the last extent only") {
    Extents<dyn, 3, dyn> const e(2, {}, 5);
    CHECK(e.with_last(Size<8>{}) == Extents<dyn, 3, 8>(2, {}, {}));
    CHECK(e.with_last(Size<dyn>{9}) == Extents<dyn, 3, dyn>(2, {}, 9));
}

TEST_CASE("size: a static size takes its own number only") {
    CHECK(Size<4>{4} == 4);
    CHECK(Size<4>{} == 4);
    CHECK(Size<dyn>{7} == 7);
    CHECK_THROWS_WITH_AS(Size<4>{5}, "size: 5 given, but the type says 4", Error);
    CHECK_THROWS_AS((Extents<dyn, 3>(2, 4)), Error);
}

TEST_CASE("size: negative numbers are refused") {
    CHECK_THROWS_WITH_AS(Size<dyn>{-2}, "size: -2 given, but an extent is at least 0", Error);
    CHECK_THROWS_AS((Extents<dyn, dyn>(-2, -3)), Error);
    CHECK_THROWS_AS((Extents<dyn, 3>(-1, {})), Error);
}

TEST_CASE("extents: more elements than can be counted are refused, whatever the order") {
    index const large = index{1} << 32;
    CHECK_THROWS_WITH_AS((Extents<dyn, dyn>(large, large)),
                         "extents: [4294967296, 4294967296] has more elements than can be counted",
                         Error);
    CHECK_THROWS_AS((Extents<dyn, dyn, dyn>(large, 2, large)), Error);
    CHECK_THROWS_AS((Extents<dyn, (index{1} << 40)>(large, {})), Error);
    CHECK_THROWS_AS((Extents<dyn, dyn>(0, largest_size).with_last(Size<dyn>(largest_size + 1))),
                    Error);
    CHECK_THROWS_AS((Extents<dyn, dyn>(large, 1).with_last(Size<dyn>(large))), Error);
    // A zero saves nothing: rows and strides are products without it.
    CHECK_THROWS_AS((Extents<dyn, dyn, dyn>(0, large, large)), Error);
}

TEST_CASE("extents: the largest array is one whose bytes can be counted") {
    CHECK(Extents<dyn>(largest_size).size() == largest_size);
    CHECK(Extents<dyn, dyn>(1, largest_size).size() == largest_size);
    CHECK_THROWS_AS(Extents<dyn>(largest_size + 1), Error);
    // Three planes of doubles, as wkv keeps them.
    CHECK(largest_size <= PTRDIFF_MAX / static_cast<index>(3 * sizeof(double)));
    static_assert(Extents<dyn, 3>(4, {}).size() == 12);
}

TEST_CASE("extents: shapes may agree unless a number in one type contradicts the other") {
    static_assert(may_agree<Extents<2, dyn>, Extents<dyn, 3>>());
    static_assert(may_agree<Extents<2, 3>, Extents<2, 3>>());
    static_assert(!may_agree<Extents<2, 3>, Extents<4, 3>>());
    static_assert(!may_agree<Extents<2, dyn>, Extents<2, dyn, 3>>());
    CHECK(or_else(dyn, 3) == 3);
}

TEST_CASE("extents: print as a list") {
    CHECK(to_string(Extents<dyn, 128, 512>(2, {}, {})) == "[2, 128, 512]");
    CHECK(to_string(Extents<7>{}) == "[7]");
}

}  // namespace
}  // namespace spikelet::test::extents_test
