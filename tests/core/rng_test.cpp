// SPDX-License-Identifier: MIT
#include <spikelet/core/rng.hpp>

#include <vector>

#include <doctest/doctest.h>

namespace spikelet::test::rng_test {
namespace {

// The known answers of Random123 1.14 (kat_vectors, philox4x32 10).
static_assert(Philox::at(0, 0, 0) == Philox::Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(Philox::at(~0ULL, ~0ULL, ~0ULL) ==
              Philox::Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(Philox::at(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e) ==
              Philox::Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

TEST_CASE("rng: one seed, one stream") {
    Rng a(7);
    Rng b(7);
    Rng c(8);
    auto const first = a.bits();
    CHECK(first == b.bits());
    CHECK(first != c.bits());
    CHECK(first != a.bits());
}

TEST_CASE("rng: continues from a state, whatever was drawn") {
    Rng rng(1);
    (void)rng.normal();
    (void)rng.below(10);
    auto const state = rng.state();
    double const next = rng.uniform();
    double const after = rng.normal();
    Rng again(state);
    CHECK(again.uniform() == next);
    CHECK(again.normal() == after);
    CHECK(again.state() == rng.state());
    CHECK_FALSE(again.state() == state);
}

TEST_CASE("rng: a split depends on the seed and the purpose, not on what was drawn") {
    Rng rng(1);
    auto const before = rng.split(3).bits();
    (void)rng.bits();
    CHECK(rng.split(3).bits() == before);
    CHECK(rng.split(4).bits() != before);
    CHECK(Rng(2).split(3).bits() != before);
    CHECK(Rng(1).bits() != before);
}

TEST_CASE("rng: uniform numbers fill [0, 1) evenly") {
    Rng rng(1);
    std::vector<int> tenths(10);
    for (int i = 0; i < 10000; ++i) {
        double const x = rng.uniform();
        REQUIRE(x >= 0);
        REQUIRE(x < 1);
        ++tenths[static_cast<std::size_t>(10 * x)];
    }
    for (int n : tenths) { CHECK(std::abs(n - 1000) < 150); }
}

TEST_CASE("rng: normal numbers have the moments of a normal distribution") {
    Rng rng(1);
    double sum = 0;
    double squares = 0;
    double fourths = 0;
    int const n = 20000;
    for (int i = 0; i < n; ++i) {
        double const x = rng.normal();
        sum += x;
        squares += x * x;
        fourths += x * x * x * x;
    }
    CHECK(std::abs(sum / n) < 0.03);
    CHECK(std::abs(squares / n - 1) < 0.05);
    CHECK(std::abs(fourths / n - 3) < 0.3);
}

TEST_CASE("rng: below(n) reaches every number under n evenly, and no other") {
    Rng rng(1);
    for (index const n : {1, 2, 3, 7, 8}) {
        std::vector<int> hits(static_cast<std::size_t>(n));
        for (int i = 0; i < 1000 * n; ++i) {
            index const x = rng.below(n);
            REQUIRE(x >= 0);
            REQUIRE(x < n);
            ++hits[static_cast<std::size_t>(x)];
        }
        for (int h : hits) { CHECK(std::abs(h - 1000) < 150); }
    }
}

TEST_CASE("rng: below(n) has no bias where n does not divide the range of the words") {
    // 64 bits hold this range two and a half times: a plain modulo would favour the lower half of
    // it, 3 to 2.
    index const n = 7378697629483820646;
    Rng rng(1);
    int low = 0;
    for (int i = 0; i < 4000; ++i) { low += rng.below(n) < n / 2 ? 1 : 0; }
    CHECK(std::abs(low - 2000) < 200);
}

}  // namespace
}  // namespace spikelet::test::rng_test
