// SPDX-License-Identifier: MIT
#include <spikelet/train/adam.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference.hpp>

namespace spikelet::test::adam_test {
namespace {

struct Model {
    Parameter<3, 2> matrix;
    Parameter<5> vector;
    Parameter<4, 2> emb;
    SPIKELET_PARTS(matrix, vector, emb)
};

std::vector<float> weights(Model const& model) {
    std::vector<float> all;
    each_parameter(model, [&](std::string_view, auto const& p) {
        all.insert(all.end(), p.span().begin(), p.span().end());
    });
    return all;
}

/// Gives every parameter numbers, and every gradient others.
void fill(Model& model, std::uint64_t seed, double size = 1) {
    Rng rng(seed);
    each_parameter(model, [&](std::string_view, auto& p) {
        for (index i = 0; i < p.size(); ++i) {
            p.value()[i] = static_cast<float>(rng.normal());
            p.gradient()[i] = static_cast<float>(size * rng.normal());
        }
    });
}

double norm_of(Model const& model) {
    double sum = 0;
    each_parameter(model, [&](std::string_view, auto const& p) {
        for (index i = 0; i < p.size(); ++i) {
            sum += static_cast<double>(p.gradient()[i]) * static_cast<double>(p.gradient()[i]);
        }
    });
    return std::sqrt(sum);
}

TEST_CASE("adam: gives parameters memory and gradients, and moves them against the gradient") {
    Model model;
    Adam adam(model, {.learning_rate = 0.01});
    REQUIRE(model.vector.gradient() != nullptr);
    fill(model, 1);
    auto const before = weights(model);
    auto const gradient = model.vector.gradient()[3];
    double const norm = norm_of(model);
    CHECK(adam.step() == doctest::Approx(norm).epsilon(1e-5));
    CHECK(adam.count() == 1);
    double const moved = static_cast<double>(weights(model)[9] - before[9]);
    CHECK(moved == doctest::Approx(gradient > 0 ? -0.01 : 0.01).epsilon(1e-3));
    CHECK(norm_of(model) == 0);
}

TEST_CASE("adam: several steps equal the paper's, whatever the order of the parameters") {
    Model model;
    Adam adam(model, {.learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-7});
    fill(model, 1);
    std::vector<reference::AdamWeight> naive;
    for (float w : weights(model)) { naive.push_back({static_cast<double>(w)}); }
    for (int t = 1; t <= 5; ++t) {
        auto const gradient = random_numbers<float>(19, static_cast<std::uint64_t>(t));
        std::size_t i = 0;
        each_parameter(model, [&](std::string_view, auto& p) {
            for (index k = 0; k < p.size(); ++k, ++i) {
                p.gradient()[k] = gradient[i];
                naive[i].step(static_cast<double>(gradient[i]), 0.01, 0.8, 0.95, 1e-7, t);
            }
        });
        adam.step();
    }
    std::vector<double> expected;
    for (auto const& w : naive) { expected.push_back(w.value); }
    CHECK(roundings(weights(model), expected) < 32);
}

TEST_CASE("adam: clips the norm over all parameters") {
    auto const moments = [](double clip, double size) {
        Model model;
        Adam adam(model, {.clip_norm = clip});
        fill(model, 1, size);
        adam.step();
        std::vector<double> all;
        adam.each_moment([&](std::string_view, auto mean, auto) {
            all.insert(all.end(), mean.begin(), mean.end());
        });
        return all;
    };
    auto const plain = moments(0, 1);
    double norm = std::sqrt(dot(plain, plain)) / 0.1;
    auto const clipped = moments(1, 1);
    CHECK(std::sqrt(dot(clipped, clipped)) / 0.1 == doctest::Approx(1).epsilon(1e-5));
    for (std::size_t i = 0; i < plain.size(); ++i) {
        CHECK(clipped[i] == doctest::Approx(plain[i] / norm).epsilon(1e-5));
    }
    // Below the limit nothing is scaled, above it not up.
    CHECK(moments(100, 1) == plain);
}

TEST_CASE("adam: a norm that is not finite moves nothing and does not count") {
    for (float const bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        Model model;
        Adam adam(model, {.clip_norm = 1});
        fill(model, 1);
        CHECK(adam.find_not_finite().empty());
        model.vector.gradient()[2] = bad;
        CHECK(adam.find_not_finite() == "vector");
        auto const before = weights(model);
        CHECK_FALSE(std::isfinite(adam.step()));
        CHECK(same_bits(weights(model), before));
        CHECK(adam.count() == 0);
        CHECK(adam.skipped() == 1);
        CHECK(adam.find_not_finite() == "vector");
    }
}

TEST_CASE("adam: where only squares are too large, the parameter is named all the same") {
    Model model;
    Adam adam(model);
    fill(model, 1);
    model.vector.gradient()[2] = 1e30F;
    CHECK_FALSE(std::isfinite(adam.step()));
    CHECK(adam.find_not_finite() == "vector");
    CHECK(adam.skipped() == 1);
}

TEST_CASE("adam: after a norm that is not finite training goes on as if nothing had been") {
    Model model;
    Model other;
    Adam adam(model);
    Adam undisturbed(other);
    fill(model, 1);
    fill(other, 1);
    model.vector.gradient()[2] = std::numeric_limits<float>::quiet_NaN();
    static_cast<void>(adam.step());
    CHECK(norm_of(model) == 0);
    // Backward adds.
    each_parameter(model, [](std::string_view, auto& p) { p.gradient()[1] += 2; });
    zero_gradients(other);
    each_parameter(other, [](std::string_view, auto& p) { p.gradient()[1] += 2; });
    CHECK(std::isfinite(adam.step()));
    undisturbed.step();
    CHECK(adam.count() == 1);
    CHECK(adam.find_not_finite().empty());
    CHECK(same_bits(weights(model), weights(other)));
}

TEST_CASE("adam: parameters frozen before stay so, have no moments and count in no norm") {
    Model model;
    allocate(model);
    model.vector.freeze();
    Adam adam(model, {.learning_rate = 0.1, .clip_norm = 1});
    CHECK(model.vector.gradient() == nullptr);
    std::vector<std::string> names;
    adam.each_moment([&](std::string_view name, auto, auto) { names.emplace_back(name); });
    CHECK(names == std::vector<std::string>{"matrix", "emb"});
    model.matrix.gradient()[0] = 3;
    model.emb.gradient()[0] = 4;
    CHECK(adam.step() == doctest::Approx(5));
    for (float w : model.vector.span()) { CHECK(w == 0); }
    CHECK(model.matrix.value()[0] != 0);
}

TEST_CASE("adam: parameters frozen later stay where they are, and go on when they are freed") {
    Model model;
    Adam adam(model, {.learning_rate = 0.1});
    fill(model, 1);
    float const before = model.vector.value()[0];
    model.vector.freeze();
    CHECK(adam.gradient_norm() > 0);
    CHECK(adam.find_not_finite().empty());
    adam.step();
    CHECK(model.vector.value()[0] == before);
    model.vector.unfreeze();
    model.vector.gradient()[0] = 1;
    adam.step();
    CHECK(model.vector.value()[0] < before);
}

TEST_CASE("adam: constant numbers are refused, unless they are frozen") {
    static float const flash[5] = {1, 2, 3, 4, 5};
    constexpr auto message =
        "adam: 'vector' is bound to constant numbers; freeze() it, or bind others";
    Model model;
    model.vector.bind(flash);
    CHECK_THROWS_WITH_AS(Adam{model}, message, Error);
    model.vector.freeze();
    Adam adam(model);
    adam.step();

    Model later;
    Adam deceived(later);
    later.vector.bind(flash);
    CHECK_THROWS_WITH_AS(deceived.step(), message, Error);
    CHECK(deceived.count() == 0);
    float numbers[5]{};
    later.vector.bind(numbers);
    later.vector.gradient()[1] = 1;
    deceived.step();
    CHECK(numbers[1] < 0);
}

struct Free {
    Parameter<dyn> vector{3};
    SPIKELET_PARTS(vector)
};

TEST_CASE("adam: another size than when it was made is refused") {
    Free model;
    Adam adam(model);
    model.vector = Parameter<dyn>{5000};
    model.vector.allocate();
    model.vector.require_gradient();
    CHECK_THROWS_WITH_AS(adam.step(),
                         "adam: 'vector' has changed its size since the optimiser was made", Error);
}

TEST_CASE("adam: parameters that were replaced are refused, not left alone in silence") {
    Model model;
    Adam adam(model);
    model = Model{};
    allocate(model);
    CHECK_THROWS_AS(adam.step(), Error);
    CHECK(adam.count() == 0);
}

TEST_CASE("adam: what is called an embedding has no decay, what only sounds like one has") {
    auto const decay = [](std::string_view name) {
        return decay_matrices(0.5)(name, 2).weight_decay;
    };
    for (auto const* name : {"emb", "emb.weight", "embed.weight", "model.embedding.weight",
                             "tok_emb.weight", "emb.table"}) {
        CHECK_MESSAGE(decay(name) == 0, name);
    }
    for (auto const* name : {"", "weight", "member.weight", "assembly.weight", "emb2.weight",
                             "remember", "embargo.key", "blocks.0.att.key.weight"}) {
        CHECK_MESSAGE(decay(name) == 0.5, name);
    }
    CHECK(decay_matrices(0.5)("blocks.0.ln1.weight", 1).weight_decay == 0);
}

TEST_CASE("adam: groups choose decay and rate by name and rank") {
    auto const after = [](GroupRule rule, bool decoupled) {
        Model model;
        Adam adam(model, {.learning_rate = 0.1, .decoupled = decoupled, .group = std::move(rule)});
        fill(model, 1, 0);
        adam.step();
        return weights(model);
    };
    auto const start = after({}, true);
    auto const decayed = after(decay_matrices(0.5), true);
    for (std::size_t i = 0; i < 19; ++i) {
        double const shrink = i < 6 ? 0.95 : 1;  // the matrix, neither the vector nor the embedding
        CHECK(static_cast<double>(decayed[i]) ==
              doctest::Approx(shrink * static_cast<double>(start[i])));
    }
    // In Adam the decay is a gradient: each weight moves by the rate towards zero.
    auto const coupled = after(decay_matrices(0.5), false);
    CHECK(std::abs(coupled[0] - start[0]) == doctest::Approx(0.1).epsilon(1e-3));
    CHECK(coupled[7] == start[7]);
}

TEST_CASE("adam: a rate scale of zero leaves a parameter as it is") {
    Model model;
    Adam adam(model, {.group = [](std::string_view name, index) {
                  return ParameterGroup{.weight_decay = 0.1,
                                        .rate_scale = name == "vector" ? 0.0 : 1.0};
              }});
    fill(model, 1);
    auto const before = weights(model);
    adam.step();
    auto const now = weights(model);
    for (std::size_t i = 0; i < 19; ++i) { CHECK((now[i] == before[i]) == (i >= 6 && i < 11)); }
}

TEST_CASE("adamw: decays matrices unless told otherwise") {
    Model model;
    AdamW adam(model, {.learning_rate = 0.1});
    fill(model, 1, 0);
    auto const before = weights(model);
    adam.step();
    auto const now = weights(model);
    CHECK(now[0] == doctest::Approx(0.999 * static_cast<double>(before[0])));
    CHECK(now[7] == before[7]);
}

TEST_CASE("adam: continues from saved moments and count") {
    Model first;
    Model second;
    Adam a(first);
    Adam b(second);
    auto const step = [](Model& model, auto& adam, std::uint64_t seed) {
        auto const gradient = random_numbers<float>(19, seed);
        std::size_t i = 0;
        each_parameter(model, [&](std::string_view, auto& p) {
            for (index k = 0; k < p.size(); ++k) { p.gradient()[k] = gradient[i++]; }
        });
        adam.step(0.01);
    };
    fill(first, 1);
    step(first, a, 7);
    step(first, a, 8);
    // Copy everything a checkpoint holds.
    std::vector<std::vector<float>> saved;
    std::vector<std::string> names;
    a.each_moment([&](std::string_view name, auto mean, auto square) {
        names.emplace_back(name);
        saved.emplace_back(mean.begin(), mean.end());
        saved.emplace_back(square.begin(), square.end());
    });
    CHECK(names == std::vector<std::string>{"matrix", "vector", "emb"});
    std::size_t i = 0;
    b.each_moment([&](std::string_view, auto mean, auto square) {
        std::copy(saved[i].begin(), saved[i].end(), mean.begin());
        std::copy(saved[i + 1].begin(), saved[i + 1].end(), square.begin());
        i += 2;
    });
    b.set_count(a.count());
    auto const values = weights(first);
    i = 0;
    each_parameter(second, [&](std::string_view, auto& p) {
        for (float& w : p.span()) { w = values[i++]; }
    });
    step(first, a, 9);
    step(second, b, 9);
    CHECK(same_bits(weights(first), weights(second)));
}

}  // namespace
}  // namespace spikelet::test::adam_test
