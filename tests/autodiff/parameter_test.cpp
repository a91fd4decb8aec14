// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/parameter.hpp>

#include <type_traits>

#include <doctest/doctest.h>

namespace spikelet {
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
}  // namespace spikelet
