// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/gradient_pool.hpp>

#include <cstdint>
#include <set>

#include <doctest/doctest.h>

namespace spikelet::test::gradient_pool_test {
namespace {

TEST_CASE("gradient_pool: what was given back last is given out first") {
    GradientPool<float> pool;
    float* const a = pool.take(1000);
    float* const b = pool.take(1000);
    CHECK(a != b);
    pool.give_back(a);
    pool.give_back(b);
    CHECK(pool.take(1000) == b);
    CHECK(pool.take(900) == a);
}

TEST_CASE("gradient_pool: takes the smallest piece that is large enough") {
    GradientPool<float> pool;
    float* const large = pool.take(5000);
    float* const small = pool.take(100);
    float* const middle = pool.take(1000);
    for (float* piece : {middle, large, small}) { pool.give_back(piece); }
    CHECK(pool.take(101) == middle);
    CHECK(pool.take(101) == large);
    float* const more = pool.take(101);
    CHECK(more != small);
    CHECK(pool.take(100) == small);
}

TEST_CASE("gradient_pool: a pass frees what it does not use") {
    GradientPool<float> pool;
    auto const pass = [&](index n) {
        pool.start_pass();
        float* const a = pool.take(n);
        float* const b = pool.take(n);
        pool.give_back(a);
        pool.give_back(b);
        pool.end_pass();
        return pool.bytes();
    };
    auto const few = pass(100);
    auto const many = pass(10000);
    CHECK(many > 50 * few);
    CHECK(pass(10000) == many);
    CHECK(pass(100) < many + few);
    pass(20000);
    CHECK(pass(20000) < 3 * many);
}

TEST_CASE("gradient_pool: pieces that are taken together lie on different sets of the cache") {
    GradientPool<float> pool;
    std::set<std::uintptr_t> sets;
    for (int i = 0; i < 8; ++i) {
        auto const address = reinterpret_cast<std::uintptr_t>(pool.take(1 << 19));
        CHECK(address % alignment == 0);
        sets.insert(address / alignment % 64);
    }
    CHECK(sets.size() == 8);
}

}  // namespace
}  // namespace spikelet::test::gradient_pool_test
