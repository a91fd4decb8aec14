// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/gradcheck.hpp>

#include <limits>

#include <doctest/doctest.h>

namespace spikelet::test::gradcheck_test {
namespace {

/// y = scale x^3, with a backward that may be wrong in some way.
enum class Mistake { none, factor, overwrites, not_a_number, weight };

struct Cube {
    BasicParameter<double, 1> scale{};
    Mistake mistake = Mistake::none;
    SPIKELET_PARTS(scale)

    auto operator()(auto x) const {
        auto const s = scale.view();
        auto y = x.ctx->template make<double>(x.extents);
        for (index i = 0; i < x.extents.size(); ++i) {
            y.data[i] = *s.value * x.data[i] * x.data[i] * x.data[i];
        }
        x.ctx->record([=, what = mistake] {
            for (index i = 0; i < x.extents.size(); ++i) {
                double const square = x.data[i] * x.data[i];
                double slope = 3 * *s.value * square * y.gradient[i];
                if (what == Mistake::factor && i == 4) { slope *= 1.001; }
                if (what == Mistake::not_a_number && i == 2) {
                    slope = std::numeric_limits<double>::quiet_NaN();
                }
                x.gradient[i] = slope + (what == Mistake::overwrites ? 0 : x.gradient[i]);
                if (s.gradient == nullptr) { continue; }
                double const weight = square * x.data[i] * y.gradient[i];
                *s.gradient = weight + (what == Mistake::weight ? 0 : *s.gradient);
            }
        });
        return y;
    }
};

Tensor<double, dyn> six_numbers() {
    Tensor<double, dyn> x{6};
    for (index i = 0; i < 6; ++i) { x.data()[i] = 0.5 + 0.25 * static_cast<double>(i); }
    return x;
}

GradcheckReport check_cube(Mistake mistake) {
    Cube cube{.mistake = mistake};
    cube.scale.allocate();
    *cube.scale.value() = 1.5;
    return gradcheck(cube, six_numbers());
}

TEST_CASE("gradcheck: a right backward passes, weights included") {
    auto const report = check_cube(Mistake::none);
    CHECK(report.passed());
    CHECK(report.checked == 7);
    CHECK(report.worst < 1e-8);
    CHECK(to_string(report).find("gradcheck: passed, 7 elements") == 0);
}

TEST_CASE("gradcheck: a wrong element is found and named") {
    auto const report = check_cube(Mistake::factor);
    CHECK_FALSE(report.passed());
    CHECK(report.where == "input 0[4]");
    CHECK(report.analytic == doctest::Approx(1.001 * report.numeric));
    CHECK(to_string(report).find("gradcheck: failed") == 0);
}

TEST_CASE("gradcheck: a backward that overwrites instead of adding is found") {
    CHECK_FALSE(check_cube(Mistake::overwrites).passed());
    auto const report = check_cube(Mistake::weight);
    CHECK_FALSE(report.passed());
    CHECK(report.where == "scale[0]");
}

TEST_CASE("gradcheck: a gradient that is no number is the worst of all") {
    auto const report = check_cube(Mistake::not_a_number);
    CHECK_FALSE(report.passed());
    CHECK(report.where == "input 0[2]");
}

/// Rows of `table` by number.
constexpr auto choose = [](auto table, auto ids) {
    auto y = table.ctx->template make<double>(ids.extents);
    for (index i = 0; i < ids.extents.size(); ++i) { y.data[i] = table.data[ids.data[i]]; }
    table.ctx->record([=] {
        for (index i = 0; i < ids.extents.size(); ++i) {
            table.gradient[ids.data[i]] += y.gradient[i];
        }
    });
    return y;
};

TEST_CASE("gradcheck: functions that are no layers; inputs that are no numbers are only given") {
    Tensor<std::int32_t, dyn> ids{3};
    ids.data()[1] = 4;
    auto const report = gradcheck(choose, six_numbers(), ids);
    CHECK(report.passed());
    CHECK(report.checked == 6);
}

TEST_CASE("gradcheck: the inputs and weights are what they were") {
    Cube cube;
    cube.scale.allocate();
    *cube.scale.value() = 1.5;
    auto const x = six_numbers();
    CHECK(gradcheck(cube, x).passed());
    CHECK(*cube.scale.value() == 1.5);
    CHECK(*cube.scale.gradient() == 0);
    CHECK(x(5) == 1.75);
}

TEST_CASE("gradcheck: frozen weights are passed over") {
    Cube cube;
    cube.scale.allocate();
    *cube.scale.value() = 1.5;
    cube.scale.freeze();
    auto const report = gradcheck(cube, six_numbers());
    CHECK(report.passed());
    CHECK(report.checked == 6);
    CHECK(cube.scale.frozen());
}

TEST_CASE("gradcheck: the tolerance is the caller's") {
    Cube cube{.mistake = Mistake::factor};
    cube.scale.allocate();
    *cube.scale.value() = 1.5;
    CHECK(gradcheck({.tolerance = 0.01}, cube, six_numbers()).passed());
    CHECK_FALSE(gradcheck({.tolerance = 1e-5}, cube, six_numbers()).passed());
}

TEST_CASE("gradcheck: nothing checked is not a success") {
    CHECK_FALSE(gradcheck([](auto x) { return x; }, Tensor<double, dyn>{0}).passed());
}

}  // namespace
}  // namespace spikelet::test::gradcheck_test
