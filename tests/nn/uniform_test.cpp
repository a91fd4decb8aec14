// SPDX-License-Identifier: MIT
#include <spikelet/nn/uniform.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include <doctest/doctest.h>

namespace spikelet::test::uniform_test {
namespace {

TEST_CASE("init_uniform: fills the range that the number of rows allows, evenly") {
    Parameter<25, 400> matrix;
    Rng rng(3);
    init_uniform(matrix, rng);
    auto const w = matrix.span();
    auto const [low, high] = std::minmax_element(w.begin(), w.end());
    CHECK(*low >= -0.2F);
    CHECK(*low < -0.199F);
    CHECK(*high < 0.2F);
    CHECK(*high > 0.199F);
    double sum = 0;
    double squares = 0;
    for (float const x : w) {
        sum += static_cast<double>(x);
        squares += static_cast<double>(x) * static_cast<double>(x);
    }
    CHECK(std::abs(sum / 1e4) < 0.005);
    CHECK(squares / 1e4 == doctest::Approx(0.04 / 3).epsilon(0.03));
}

TEST_CASE("init_uniform: refuses constant numbers") {
    std::array<float, 4> const flash{};
    Parameter<2, 2> matrix;
    matrix.bind(flash.data());
    Rng rng(1);
    CHECK_THROWS_AS(init_uniform(matrix, rng), Error);
}

}  // namespace
}  // namespace spikelet::test::uniform_test
