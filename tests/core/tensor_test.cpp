// SPDX-License-Identifier: MIT
#include <spikelet/core/tensor.hpp>

#include <cstdint>

#include <doctest/doctest.h>

namespace spikelet::test::tensor_test {
namespace {

TEST_CASE("tensor: starts as zeros, on a cache line, with the shape it was given") {
    Tensor<float, dyn, 3> const t(Extents<dyn, 3>(2, {}));
    CHECK(t.size() == 6);
    CHECK(t.rows() == 2);
    CHECK(reinterpret_cast<std::uintptr_t>(t.data()) % alignment == 0);
    for (float x : t.span()) { CHECK(x == 0); }
    CHECK(Tensor<float, 2, 3>{}.size() == 6);
    CHECK(Tensor<float, dyn, dyn>(4, 5).extents() == Extents<dyn, dyn>(4, 5));
}

TEST_CASE("tensor: elements, rows and views are the same numbers") {
    Tensor<double, dyn, 3> t(2, 3);
    t(1, 2) = 7;
    CHECK(t.row(1)[2] == 7);
    CHECK(t.view()(1, 2) == 7);
    CHECK(t.data()[5] == 7);
    Tensor<double, dyn, 3> const& read_only = t;
    CHECK(read_only(1, 2) == 7);
    CHECK(read_only.row(1) == t.data() + 3);
}

TEST_CASE("tensor: a clone is independent") {
    Tensor<float, 4> a;
    a.fill(2);
    auto const b = a.clone();
    a(0) = 5;
    CHECK(b(0) == 2);
    CHECK(b(3) == 2);
}

TEST_CASE("tensor: moving hands the numbers over") {
    Tensor<float, dyn> a(3);
    a(1) = 4;
    float const* const memory = a.data();
    Tensor<float, dyn> const b(std::move(a));
    CHECK(b.data() == memory);
    CHECK(b(1) == 4);
}

TEST_CASE("tensor: a size whose product overflows is refused") {
    index const large = index{1} << 32;
    CHECK_THROWS_AS((Tensor<float, dyn, dyn>(large, large)), Error);
    CHECK_THROWS_AS((Tensor<float, dyn, dyn>(-2, -3)), Error);
    CHECK_THROWS_AS((Spikes<dyn, dyn>(large, large)), Error);
}

TEST_CASE("tensor: spikes are packed, 64 to a word, rows apart") {
    Spikes<dyn, 65> s(2, 65);
    CHECK(s.span().size() == 4);
    s.row(1)[1] = 1;
    CHECK(s(1, 64));
    CHECK_FALSE(s(0, 64));
    CHECK_FALSE(s(1, 0));
}

TEST_CASE("tensor: filling sets spikes, and no bits behind them") {
    Spikes<dyn, 70> s(3, 70);
    s.fill(~word{0});
    CHECK(s(2, 69));
    CHECK(count(s.data(), std::ssize(s.span())) == 3 * 70);
}

TEST_CASE("tensor: shapes move with the numbers") {
    Tensor<float, dyn> small(4), large(1000);
    small(3) = 7;
    small = std::move(large);
    CHECK(small.size() == 1000);
    CHECK(large.size() == 4);  // NOLINT: what it got in exchange
    CHECK(large.clone()(3) == 7);
    Tensor<float, dyn> const moved(std::move(small));
    CHECK(moved.size() == 1000);
    CHECK(small.size() == 0);  // NOLINT
}

}  // namespace
}  // namespace spikelet::test::tensor_test
