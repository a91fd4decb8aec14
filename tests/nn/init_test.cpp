// SPDX-License-Identifier: MIT
#include <spikelet/nn/init.hpp>

#include <array>

#include <doctest/doctest.h>

#include <spikelet/nn/layer_norm.hpp>
#include <spikelet/nn/linear.hpp>

#include <support/reference.hpp>

namespace spikelet::test::init_test {
namespace {

struct Model {
    LayerNorm<4> norm;
    std::array<Linear<4, 4>, 2> list;
    std::vector<Linear<dyn, 4>> longer;
    std::optional<LayerNorm<4>> maybe, never;
    Parameter<100, 20> matrix;
    Parameter<7> vector;
    SPIKELET_PARTS(norm, list, longer, maybe, never, matrix, vector)
};

Model make(std::uint64_t seed) {
    Model model;
    model.longer.push_back(Linear<dyn, 4>{9});
    model.maybe.emplace();
    Rng rng(seed);
    init(model, rng);
    return model;
}

TEST_CASE("init: reaches everything a model is made of") {
    auto const model = make(1);
    each_parameter(model, [](std::string_view name, auto const& p) {
        CAPTURE(name);
        CHECK(p.value() != nullptr);
        CHECK(p.gradient() == nullptr);
    });
    CHECK(model.norm.weight.value()[3] == 1);
    CHECK(model.maybe->weight.value()[3] == 1);
    CHECK(model.list[0].weight.value()[5] != model.list[1].weight.value()[5]);
    CHECK(model.longer[0].weight.value()[35] != 0);
}

TEST_CASE("init: a bare matrix is uniform in +-1/sqrt(rows), a bare vector zero") {
    auto const model = make(1);
    auto const w = model.matrix.span();
    auto const [low, high] = std::minmax_element(w.begin(), w.end());
    CHECK(*low >= -0.1F);
    CHECK(*low < -0.099F);
    CHECK(*high <= 0.1F);
    CHECK(*high > 0.099F);
    for (float v : model.vector.span()) { CHECK(v == 0); }
}

TEST_CASE("init: starts anew what has numbers already") {
    auto model = make(1);
    std::ranges::fill(model.vector.span(), 3.0F);
    std::ranges::fill(model.norm.bias.span(), 3.0F);
    Rng rng(1);
    init(model, rng);
    CHECK(model.vector.value()[6] == 0);
    CHECK(model.norm.bias.value()[3] == 0);
}

TEST_CASE("init: constant numbers are refused by name before anything changes") {
    static float const flash[16] = {1, 2, 3};
    auto model = make(1);
    model.list[1].weight.bind(flash);
    float const before = model.matrix.value()[0];
    float const before_list = model.list[0].weight.value()[0];
    Rng rng(2);
    CHECK_THROWS_WITH_AS(init(model, rng), "init: 'list.1.weight' is bound to constant numbers",
                         Error);
    CHECK(model.matrix.value()[0] == before);
    CHECK(model.list[0].weight.value()[0] == before_list);
    CHECK_THROWS_AS(model.list[1].init(rng), Error);
    std::array<float, 16> own{};
    model.list[1].weight.bind(own.data());
    init(model, rng);
    CHECK(own[5] != 0);
}

TEST_CASE("init: a list of layers is a model, too") {
    std::vector<Linear<4, 4>> list(2);
    Rng rng(1);
    init(list, rng);
    CHECK(list[1].weight.value()[3] != 0);
}

TEST_CASE("init: one seed, one model") {
    auto const weights = [](Model const& model) {
        std::vector<float> all;
        each_parameter(model, [&](std::string_view, auto const& p) {
            all.insert(all.end(), p.span().begin(), p.span().end());
        });
        return all;
    };
    CHECK(weights(make(1)) == weights(make(1)));
    CHECK(weights(make(1)) != weights(make(2)));
}

/// w w^T or w^T w, whichever is smaller.
std::vector<double> gram(std::vector<double> const& w, index rows, index columns) {
    auto const t = reference::transposed(w, rows, columns);
    return rows <= columns ? reference::product(w, t, rows, columns, rows)
                           : reference::product(t, w, columns, rows, columns);
}

TEST_CASE("init_orthogonal: rows or columns are orthogonal, with the length of the gain") {
    for (auto const& shape : {std::pair{1, 1}, {7, 7}, {5, 40}, {40, 5}, {64, 17}}) {
        index const rows = shape.first;
        index const columns = shape.second;
        CAPTURE(rows);
        CAPTURE(columns);
        std::vector<double> w(static_cast<std::size_t>(rows * columns));
        Rng rng(1);
        init_orthogonal(w.data(), rows, columns, 1.5, rng);
        index const n = std::min(rows, columns);
        auto const g = gram(w, rows, columns);
        double worst = 0;
        for (index i = 0; i < n; ++i) {
            for (index j = 0; j < n; ++j) {
                double const expected = i == j ? 2.25 : 0;
                worst =
                    std::max(worst, std::abs(g[static_cast<std::size_t>(i * n + j)] - expected));
            }
        }
        CHECK(worst < 1e-12);
    }
}

TEST_CASE("init_orthogonal: no direction is preferred") {
    double sum = 0;
    double fourths = 0;
    Rng rng(1);
    for (int trial = 0; trial < 200; ++trial) {
        std::array<double, 64> w{};
        init_orthogonal(w.data(), 8, 8, 1.0, rng);
        for (double x : w) {
            sum += x;
            fourths += x * x * x * x;
        }
    }
    double const n = 200 * 64;
    CHECK(std::abs(sum / n) < 0.01);
    // The mean fourth power of a coordinate on the sphere in 8 dimensions is 3 / (8 * 10).
    CHECK(fourths / n == doctest::Approx(3.0 / 80).epsilon(0.05));
}

}  // namespace
}  // namespace spikelet::test::init_test
