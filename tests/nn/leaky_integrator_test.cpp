// SPDX-License-Identifier: MIT
#include <spikelet/nn/leaky_integrator.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test::leaky_integrator_test {
namespace {

constexpr Extents<dyn, dyn, dyn> shape(2, 7, 65);

TEST_CASE("leaky integrator layer: is the op with its decay, and shows what it gives") {
    LeakyIntegrator<65> layer{.first_tau = 4, .decay_input = false};
    Rng rng(1);
    init(layer, rng);
    CHECK(1 / (1 + std::exp(-layer.decay.span()[64])) == doctest::Approx(0.25));
    auto const input = random_tensor<float>(shape, 1);
    Recorder recorder(layer);
    Tape tape;
    tape.observe(&recorder);
    auto const x = tape.begin(input.view());
    auto const y = values_of(layer(x));
    CHECK(y == values_of(leaky_integrator(x, layer.decay, false)));
    CHECK(recorder.seen["y"] == y);
}

TEST_CASE("leaky integrator layer: refuses a time constant that makes no sense") {
    auto const input = random_tensor<float>(shape, 1);
    Tape tape;
    auto const x = tape.begin(input.view());
    CHECK_THROWS_WITH_AS(LeakyIntegrator<1>{.first_tau = 0.5}(x),
                         "leaky_integrator: tau must be at least 1 step, or infinity", Error);
    CHECK_THROWS_AS(LeakyIntegrator<1>{.first_tau = HUGE_VAL}(x), Error);
}

}  // namespace
}  // namespace spikelet::test::leaky_integrator_test
