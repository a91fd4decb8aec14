// SPDX-License-Identifier: MIT
#include <spikelet/core/named.hpp>

#include <array>

#include <doctest/doctest.h>

namespace spikelet::detail {
namespace {

struct Fruit {
    std::string_view name;
    int price;
};
constexpr std::array<Fruit, 3> fruits{{{"apple", 1}, {"pear", 2}, {"apple pie", 7}}};

static_assert(entry_named(fruits, "pear")->price == 2);
static_assert(entry_named(fruits, "app") == nullptr);
static_assert(find_named("shop", fruits, "pear").price == 2);

TEST_CASE("named: an entry is found by its whole name") {
    CHECK(find_named("shop", fruits, "apple pie").price == 7);
    CHECK(&find_named("shop", fruits, "apple") == &fruits[0]);
}

TEST_CASE("named: who asks for what is not there is told what there is") {
    CHECK_THROWS_WITH_AS(find_named("shop", fruits, "plum"),
                         "shop: 'plum' is not one of apple, pear, apple pie", Error);
    CHECK(names_of(fruits, "'") == "'apple', 'pear', 'apple pie'");
}

}  // namespace
}  // namespace spikelet::detail
