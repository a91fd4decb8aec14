// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/parameter.hpp>

#include <type_traits>

#include <doctest/doctest.h>

namespace spikelet::test::parameter_test {
namespace {

TEST_CASE("parameter: has a shape from the start, numbers and a gradient when asked") {
    Parameter<dyn, 4> p{3, 4};
    CHECK(p.size() == 12);
    CHECK(p.value() == nullptr);
    CHECK(p.gradient() == nullptr);
    p.allocate();
    REQUIRE(p.value() != nullptr);
    CHECK(p.gradient() == nullptr);
    CHECK(p.span().size() == 12);
    p.require_gradient();
    REQUIRE(p.gradient() != nullptr);
    for (index i = 0; i < 12; ++i) {
        CHECK(p.value()[i] == 0);
        CHECK(p.gradient()[i] == 0);
    }
}

TEST_CASE("parameter: asking twice changes nothing") {
    Parameter<3> p;
    p.allocate();
    p.require_gradient();
    p.value()[1] = 5;
    p.gradient()[1] = 6;
    p.allocate();
    p.require_gradient();
    CHECK(p.value()[1] == 5);
    CHECK(p.gradient()[1] == 6);
}

TEST_CASE("parameter: bound numbers are read where they are") {
    static constexpr float numbers[3] = {1, 2, 3};
    Parameter<3> p;
    p.bind(numbers);
    CHECK(p.value() == numbers);
    CHECK(p.span().size() == 3);
    p.allocate();
    CHECK(p.value() == numbers);
}

TEST_CASE("parameter: frozen has no gradient") {
    Parameter<3> p;
    p.allocate();
    p.require_gradient();
    p.freeze();
    CHECK(p.gradient() == nullptr);
    CHECK(p.value() != nullptr);
    CHECK(p.view().gradient == nullptr);
}

TEST_CASE("parameter: moving takes the sizes along") {
    Parameter<dyn> small{3};
    Parameter<dyn> large{5};
    small.allocate();
    large.allocate();
    small = std::move(large);
    CHECK(small.size() == 5);
    CHECK(small.span().size() == 5);
    CHECK(large.size() == static_cast<index>(large.span().size()));
    Parameter<dyn> const taken(std::move(small));
    CHECK(taken.size() == 5);
    CHECK(small.size() == static_cast<index>(small.span().size()));
}

TEST_CASE("parameter: stays frozen until it is told otherwise, and starts again from zero") {
    Parameter<3> p;
    p.allocate();
    p.require_gradient();
    p.gradient()[1] = 6;
    float* const before = p.gradient();
    p.freeze();
    CHECK(p.frozen());
    // A tape of before may still write there.
    before[2] = 7;
    p.require_gradient();
    CHECK(p.gradient() == nullptr);
    p.unfreeze();
    CHECK_FALSE(p.frozen());
    REQUIRE(p.gradient() != nullptr);
    CHECK(p.gradient()[1] == 0);
    CHECK(p.gradient()[2] == 0);
    p.gradient()[0] = 5;
    p.unfreeze();
    CHECK(p.gradient()[0] == 5);

    Parameter<3> early;
    early.freeze();
    early.require_gradient();
    early.unfreeze();
    CHECK(early.gradient() == nullptr);
}

TEST_CASE("parameter: constant numbers cannot be changed, others can") {
    static constexpr float numbers[3] = {1, 2, 3};
    Parameter<3> p;
    p.bind(numbers);
    CHECK(p.read_only());
    CHECK_THROWS_WITH_AS(
        p.writable(), "parameter: it is bound to constant numbers, which cannot be changed", Error);
    float own[3] = {4, 5, 6};
    p.bind(own);
    CHECK_FALSE(p.read_only());
    p.writable()[1] = 7;
    CHECK(own[1] == 7);
    Parameter<3> fresh;
    CHECK(fresh.writable().size() == 3);

    // What is known of numbers moves with them.
    p.bind(numbers);
    fresh = std::move(p);
    CHECK(fresh.read_only());
    CHECK(fresh.value() == numbers);
    CHECK_FALSE(p.read_only());  // NOLINT: it has what the other had
}

TEST_CASE("parameter: moves, and takes its numbers along") {
    static_assert(!std::is_copy_constructible_v<Parameter<3>>);
    Parameter<dyn> p{3};
    p.allocate();
    p.value()[2] = 7;
    auto const* const numbers = p.value();
    Parameter<dyn> const q(std::move(p));
    CHECK(q.value() == numbers);
    CHECK(q.size() == 3);
    CHECK(q.view().value[2] == 7);
    CHECK(q.view().extents == Extents<dyn>(3));
}

TEST_CASE("parameter: static and dynamic sizes are written alike") {
    Size<4> const fixed{};
    Size<dyn> const chosen{4};
    BasicParameter<double, 4> const a{fixed};
    BasicParameter<double, dyn> const b{chosen};
    CHECK(a.size() == b.size());
}

}  // namespace
}  // namespace spikelet::test::parameter_test
