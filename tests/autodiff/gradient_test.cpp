// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/gradient.hpp>

#include <doctest/doctest.h>

namespace spikelet::test::gradient_test {
namespace {

struct Fixture {
    GradientPool<double> pool;
    detail::GradientSlot<double> first{&pool, nullptr, 3, nullptr};
    detail::GradientSlot<double> second{&pool, &first, 3, nullptr};
    Gradient<double> a{&first}, b{&second};
};

TEST_CASE_FIXTURE(Fixture, "gradient: takes memory when something is added, zeros for a reader") {
    CHECK(a.wanted());
    CHECK(!a.started());
    CHECK(pool.bytes() == 0);
    a[1] += 2;
    CHECK(a.started());
    CHECK(a[0] == 0);
    CHECK(a[1] == 2);
    CHECK(a.numbers() == first.data);
}

TEST_CASE_FIXTURE(Fixture, "gradient: a sum is fresh once, whichever copy is asked") {
    Gradient<double> const copy = a;
    CHECK(a.sum().fresh);
    CHECK(!copy.sum().fresh);
    CHECK(copy.sum().data == a.sum().data);
}

TEST_CASE_FIXTURE(Fixture, "gradient: where none is wanted there is none") {
    Gradient<double> const none;
    CHECK(!none.wanted());
    CHECK(!none.started());
    CHECK(none.numbers() == nullptr);
    CHECK(none.sum().data == nullptr);
    CHECK(none == nullptr);
    none.end();
}

TEST_CASE_FIXTURE(Fixture, "gradient: one that has not begun may take over another's numbers") {
    CHECK(!a.take_over(b));
    b[2] = 7;
    auto const* const numbers = b.numbers();
    CHECK(a.take_over(b));
    CHECK(a.numbers() == numbers);
    CHECK(a[2] == 7);
    CHECK(!b.started());
    b[0] = 1;
    CHECK(!a.take_over(b));
    CHECK(!Gradient<double>().take_over(b));
    CHECK(b[0] == 1);
}

TEST_CASE_FIXTURE(Fixture, "gradient: all copies know where it is needed, numbers or not") {
    Gradient<double> const copy = a;
    CHECK_FALSE(copy.needed_only_where_active());
    a.need_only_where_active();
    CHECK(copy.needed_only_where_active());
    CHECK_FALSE(b.needed_only_where_active());
    b[2] = 7;
    CHECK(a.take_over(b));
    CHECK(a.needed_only_where_active());
    CHECK_FALSE(b.needed_only_where_active());
    Gradient<double> const none;
    none.need_only_where_active();
    CHECK_FALSE(none.needed_only_where_active());
}

TEST_CASE_FIXTURE(Fixture, "gradient: after its end it is zero") {
    a[1] = 5;
    a.end();
    CHECK(!a.started());
    CHECK(a[1] == 0);
}

}  // namespace
}  // namespace spikelet::test::gradient_test
