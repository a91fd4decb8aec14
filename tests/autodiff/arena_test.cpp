// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/arena.hpp>

#include <cstdint>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>

namespace spikelet::test::arena_test {
namespace {

TEST_CASE("arena: pieces lie on cache lines and do not meet") {
    Arena arena;
    Rng rng(1);
    struct Piece {
        unsigned char* data;
        index size;
    };
    std::vector<Piece> pieces;
    for (int i = 0; i < 300; ++i) {
        index const n = 1 + rng.below(i % 10 == 0 ? 400000 : 200);
        auto* const p = arena.take<unsigned char>(n);
        CHECK(reinterpret_cast<std::uintptr_t>(p) % alignment == 0);
        std::fill_n(p, n, static_cast<unsigned char>(i));
        pieces.push_back({p, n});
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        auto const [data, size] = pieces[i];
        CHECK(std::count(data, data + size, static_cast<unsigned char>(i)) == size);
    }
}

TEST_CASE("arena: a second pass of the same shape gets the same memory") {
    Arena arena;
    auto const pass = [&] {
        arena.reset();
        std::vector<void*> places;
        for (index const n : {100, 500000, 3, 700000, 2000000, 1}) {
            places.push_back(arena.take<float>(n));
        }
        return places;
    };
    auto const first = pass();
    auto const bytes = arena.bytes();
    CHECK(pass() == first);
    CHECK(arena.bytes() == bytes);
    CHECK(bytes >= 4 * 3200104);
}

TEST_CASE("arena: rewinding gives back what was taken since the mark") {
    Arena arena;
    auto* const kept = arena.take<int>(10);
    std::fill_n(kept, 10, 7);
    auto const mark = arena.mark();
    auto* const given_back = arena.take<int>(1000000);
    arena.rewind(mark);
    CHECK(arena.take<int>(1000000) == given_back);
    std::fill_n(given_back, 1000000, 8);
    CHECK(std::count(kept, kept + 10, 7) == 10);
}

TEST_CASE("arena: large pieces of one size do not share a set of the cache") {
    Arena arena;
    arena.take<float>(8 << 20);  // so that the next block is large, too
    auto const place = [&] {
        auto const address = reinterpret_cast<std::uintptr_t>(arena.take<float>(1 << 19));
        return address / alignment % 64;
    };
    std::set<std::uintptr_t> sets;
    for (int i = 0; i < 8; ++i) { sets.insert(place()); }
    CHECK(sets.size() == 8);
}

}  // namespace
}  // namespace spikelet::test::arena_test
