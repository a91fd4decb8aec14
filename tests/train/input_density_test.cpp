// SPDX-License-Identifier: MIT
#include <spikelet/train/input_density.hpp>

#include <array>
#include <optional>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/stored_weight.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/nn/time_mix.hpp>

#include <support/values.hpp>

namespace spikelet::test::input_density_test {
namespace {

/// Matrices of run-time and of static sizes, one of them in few bits; and what is no matrix.
struct Model {
    Embedding<11, 70> embed;
    std::array<Linear<70, 3>, 2> pair;
    Linear<dyn, dyn> wide{70, 10};
    Linear<70, 5, std::int8_t> stored;
    std::optional<Linear<70, 7>> absent;
    SPIKELET_PARTS(embed, pair, wide, stored, absent)

    Model() {
        for (auto& matrix : pair) { matrix.weight.allocate(); }
        wide.weight.allocate();
    }
};

template <class S>
Tensor<S, dyn, dyn> rows_of(std::vector<int> const& values) {
    Tensor<S, dyn, dyn> s(Extents<dyn, dyn>(2, 70));
    std::vector<int> row(70);
    std::copy(values.begin(), values.end(), row.end() - std::ssize(values));
    pack<S>(row.data(), 70, s.row(1));
    return s;
}

TEST_CASE("input density: counts what every matrix reads, be it bits, graded spikes or numbers") {
    Model const model;
    InputDensity density(model);
    REQUIRE(density.matrices().size() == 4);
    CHECK(density.matrices()[0].name == "pair.0");
    CHECK(density.matrices()[1].name == "pair.1");
    CHECK(density.matrices()[2].name == "wide");
    CHECK(density.matrices()[3].name == "stored");
    CHECK(density.matrices()[0].outputs == 3);
    CHECK(density.matrices()[2].outputs == 10);
    CHECK(density.matrices()[0].density() == 0);
    CHECK(density.mean() == 0);

    Forward forward;
    forward.observe(&density);
    auto const bits = rows_of<bit>({1, 0, 1, 1});
    auto const graded_ones = rows_of<signed_graded<3>>({-4, 0, 3, 1, -1});
    Tensor<float, dyn, dyn> numbers(Extents<dyn, dyn>(2, 70));
    numbers(0, 0) = 5;
    numbers(1, 69) = -1e-9F;
    for (int pass = 1; pass <= 2; ++pass) {
        (void)model.pair[0](forward.begin(bits.view()));
        (void)model.pair[1](forward.begin(graded_ones.view()));
        (void)model.wide(forward.begin(std::as_const(numbers).view()));
        auto const& m = density.matrices();
        CHECK(m[0].active == 3 * pass);
        CHECK(m[0].levels == 3 * pass);
        CHECK(m[0].inputs == 140 * pass);
        CHECK(m[1].active == 4 * pass);
        CHECK(m[1].levels == 9 * pass);
        CHECK(m[2].active == 2 * pass);
        CHECK(m[2].levels == 2 * pass);
        CHECK(m[2].density() == doctest::Approx(2.0 / 140));
        CHECK(m[3].inputs == 0);
        CHECK(m[3].density() == 0);
    }
    // Every input is a multiplication for each output.
    CHECK(density.mean() == doctest::Approx((3.0 * 3 + 4 * 3 + 2 * 10) / (140 * (3 + 3 + 10))));
    density.reset();
    CHECK(density.mean() == 0);
    CHECK(density.matrices()[1].levels == 0);
    CHECK(density.matrices().size() == 4);
}

TEST_CASE("input density: matrices in few bits read like others") {
    Model model;
    model.stored.weight.codes.allocate();
    model.stored.weight.scale.allocate();
    InputDensity density(model);
    Forward forward;
    forward.observe(&density);
    auto const s = rows_of<graded<3>>({7, 2, 0, 1});
    (void)model.stored(forward.begin(s.view()));
    CHECK(density.matrices()[3].active == 3);
    CHECK(density.matrices()[3].levels == 10);
    CHECK(density.matrices()[3].inputs == 140);
}

TEST_CASE("input density: other values of a layer do not matter, nor do other models") {
    TimeMix<dyn> layer{.channels = 5};
    each_parameter(layer, [](std::string_view, auto& p) { fill_random(p, 1); });
    auto const x = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 5), 9);
    InputDensity density(layer);
    Model const other;
    InputDensity elsewhere(other);
    Forward forward;
    forward.observe(&density);
    (void)layer(forward.begin(x.view()));
    forward.observe(&elsewhere);
    (void)layer(forward.begin(x.view()));
    REQUIRE(density.matrices().size() == 4);
    for (auto const& matrix : density.matrices()) { CHECK(matrix.inputs == 70); }
    CHECK(density.matrices()[3].name == "output");
    CHECK(elsewhere.mean() == 0);
}

}  // namespace
}  // namespace spikelet::test::input_density_test
