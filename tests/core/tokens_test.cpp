// SPDX-License-Identifier: MIT
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/tokens.hpp>

using namespace spikelet;

TEST_CASE("tokens: rows lie one after another") {
    Tokens tokens{.ids = {1, 2, 3, 4, 5, 6}, .batch = 2, .time = 3};
    CHECK(tokens.row(0).front() == 1);
    CHECK(tokens.row(1).front() == 4);
    CHECK(tokens.row(1).size() == 3);
    tokens.row(1)[2] = 7;
    CHECK(tokens.ids == std::vector<std::int32_t>{1, 2, 3, 4, 5, 7});
}

TEST_CASE("tokens: a smaller shape keeps the memory") {
    Tokens tokens;
    tokens.resize(4, 8);
    CHECK(tokens.ids.size() == 32);
    auto const* const memory = tokens.ids.data();
    tokens.resize(2, 3);
    CHECK(tokens.ids.size() == 6);
    CHECK(tokens.batch == 2);
    CHECK(tokens.time == 3);
    CHECK(tokens.ids.data() == memory);
}

TEST_CASE("tokens: as many ids as the shape says, and at least one") {
    CHECK_NOTHROW(check_tokens("test", Tokens{.ids = {1, 2}, .batch = 2, .time = 1}));
    CHECK_THROWS_WITH_AS(check_tokens("test", Tokens{.ids = {1, 2, 3}, .batch = 2, .time = 1}),
                         "test: 3 ids given for tokens [2, 1]", Error);
    CHECK_THROWS_AS(check_tokens("test", Tokens{}), Error);
    CHECK_THROWS_AS(check_tokens("test", Tokens{.ids = {1}, .batch = -1, .time = -1}), Error);
    spikelet::index const large = spikelet::index{1} << 32;  // 2^64 is 0 again
    CHECK_THROWS_AS(check_tokens("test", Tokens{.ids = {}, .batch = large, .time = large}), Error);
}

TEST_CASE("tokens: a shape that makes no sense is refused and changes nothing") {
    Tokens tokens;
    tokens.resize(2, 3);
    spikelet::index const large = spikelet::index{1} << 32;
    CHECK_THROWS_AS(tokens.resize(large, large), Error);
    CHECK_THROWS_AS(tokens.resize(-2, -3), Error);
    CHECK_NOTHROW(check_tokens("test", tokens));
}
