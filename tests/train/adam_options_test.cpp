// SPDX-License-Identifier: MIT
// What an optimiser takes, and what it takes once.
#include <spikelet/train/adam.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/core/tensor.hpp>
#include <spikelet/nn/leaky_integrator.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/nn/parametric_lif.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/values.hpp>

namespace spikelet::test::adam_options_test {
namespace {

TEST_CASE("adam: options that no step can be made with are refused") {
    Parameter<3> p;
    double const nan = std::numeric_limits<double>::quiet_NaN();
    for (double const beta : {-0.1, 1.0, nan}) {
        CHECK_THROWS_WITH_AS(Adam(p, AdamOptions{.beta1 = beta}),
                             "adam: beta1 and beta2 must be from 0 to below 1", Error);
        CHECK_THROWS_AS(Adam(p, AdamOptions{.beta2 = beta}), Error);
    }
    for (double const epsilon : {0.0, -1.0, 1e-50, HUGE_VAL, nan}) {
        CHECK_THROWS_WITH_AS(
            Adam(p, AdamOptions{.epsilon = epsilon}),
            "adam: epsilon must be above 0, also rounded to the type of the weights", Error);
    }
    Adam adam(p);
    p.value()[0] = 1;
    for (double const rate : {nan, HUGE_VAL}) {
        CHECK_THROWS_WITH_AS(adam.step(rate), "adam: the learning rate is not finite", Error);
    }
    CHECK(p.value()[0] == 1);
    CHECK(adam.count() == 0);
    CHECK_THROWS_WITH_AS(adam.set_count(-1), "adam: there is no step -1", Error);
}

struct Half {
    Linear<3, 3>& shared;
    Parameter<3> own;
    SPIKELET_PARTS(shared, own)
};

struct Shared {
    Linear<3, 3> linear;
    Half a{linear, {}}, b{linear, {}};
    SPIKELET_PARTS(a, b)
};

TEST_CASE("adam: what several layers share counts once") {
    Shared model;
    AdamW adam(model, {.group = decay_matrices(0.5)});
    model.linear.weight.value()[0] = 8;
    model.linear.weight.gradient()[0] = 3;
    model.b.own.gradient()[1] = 4;
    CHECK(adam.gradient_norm() == 5);
    adam.step(0.25);
    CHECK(model.linear.weight.value()[0] == doctest::Approx(8 - 0.25 * 0.5 * 8 - 0.25));
    int moments = 0;
    adam.each_moment([&](std::string_view, auto, auto) { ++moments; });
    CHECK(moments == 3);
}

struct Unforgetting {
    ParametricLif<5> lif{.options = {.tau = 1}};
    LeakyIntegrator<5> leaky{.first_tau = std::numeric_limits<double>::infinity(),
                             .decay_input = false};
    SPIKELET_PARTS(lif, leaky)
};

TEST_CASE_TEMPLATE("adam: a neuron that forgets all or nothing keeps doing so, and learns the rest",
                   Optimiser, Adam<>, AdamW<>) {
    Unforgetting model;
    Rng random(1);
    model.lif.init(random);
    model.leaky.init(random);
    REQUIRE(std::isinf(model.lif.decay.value()[0]));
    REQUIRE(std::isinf(model.leaky.decay.value()[0]));
    Optimiser adam(model, {.group = [](std::string_view, index) {
                       return ParameterGroup{.weight_decay = 0.1};
                   }});
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 5), 1);
    Tape tape;
    float const first = model.lif.decay.value()[0];
    for (int step = 0; step < 3; ++step) {
        auto const x = tape.begin(input.view());
        tape.backward(model.leaky(to_numbers(model.lif(x))));
        CHECK(std::isfinite(adam.step()));
    }
    CHECK(adam.count() == 3);
    CHECK(model.lif.decay.value()[0] == first);
    CHECK(std::isinf(model.leaky.decay.value()[4]));
    CHECK(model.lif.threshold.value()[0] != 1);
}

}  // namespace
}  // namespace spikelet::test::adam_options_test
