// SPDX-License-Identifier: MIT
#include <spikelet/core/memory.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

namespace spikelet::test::memory_test {
namespace {

TEST_CASE_TEMPLATE("buffer: owns zeros that start on a cache line", T, float, double, char) {
    for (index const n : {0, 1, 15, 16, 17, 1000}) {
        Buffer<T> const b(n);
        CHECK(b.size() == n);
        CHECK(b.empty() == (n == 0));
        CHECK(b.owned());
        CHECK(b.span().size() == static_cast<std::size_t>(n));
        CHECK(std::all_of(b.span().begin(), b.span().end(), [](T x) { return x == T(0); }));
        CHECK(reinterpret_cast<std::uintptr_t>(b.data()) % alignment == 0);
    }
}

TEST_CASE("buffer: large ones start on a large page, and are zero to the end") {
    constexpr auto page = static_cast<index>(huge_page);
    for (index const bytes : {page - 1, page, page + 1, 3 * page + 5}) {
        Buffer<char> const b(bytes);
        CHECK(std::all_of(b.span().begin(), b.span().end(), [](char x) { return x == 0; }));
        bool const aligned = reinterpret_cast<std::uintptr_t>(b.data()) % huge_page == 0;
        CHECK((aligned || bytes < page));
    }
}

TEST_CASE("buffer: borrows without a copy") {
    float numbers[3] = {1, 2, 3};
    {
        auto const b = Buffer<float>::borrow(numbers, 3);
        CHECK_FALSE(b.owned());
        CHECK(b.data() == numbers);
        b.data()[1] = 5;
    }
    CHECK(numbers[1] == 5);
}

TEST_CASE("buffer: moving hands the memory over, to itself too") {
    Buffer<float> a(4);
    a.data()[2] = 7;
    float const* const memory = a.data();
    Buffer<float> b(std::move(a));
    CHECK(b.data() == memory);
    Buffer<float> c(9);
    c = std::move(b);
    CHECK(c.data() == memory);
    CHECK(c.size() == 4);
    auto& same = c;
    c = std::move(same);
    CHECK(c.data()[2] == 7);
    CHECK(c.size() == 4);
}

TEST_CASE("buffer: a clone is independent, and owned even where the original is not") {
    float numbers[3] = {1, 2, 3};
    auto const original = Buffer<float>::borrow(numbers, 3);
    auto const copy = original.clone();
    numbers[0] = 9;
    CHECK(copy.owned());
    CHECK(copy.data()[0] == 1);
    CHECK(copy.data()[2] == 3);
}

TEST_CASE("buffer: sizes that no memory has are an error") {
    index const most = std::numeric_limits<index>::max();
    for (index const n : {index{-1}, most, most / 8}) {
        index const volatile unknown_to_the_compiler = n;
        CHECK_THROWS_AS(Buffer<double>{unknown_to_the_compiler}, Error);
    }
}

TEST_CASE("buffer: of nothing") {
    CHECK(Buffer<float>{}.clone().empty());
    CHECK(Buffer<float>(0).empty());
    CHECK(Buffer<float>(0).clone().empty());
}

}  // namespace
}  // namespace spikelet::test::memory_test
