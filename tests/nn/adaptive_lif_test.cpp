// SPDX-License-Identifier: MIT
#include <spikelet/nn/adaptive_lif.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/every_way.hpp>
#include <support/neuron_lm.hpp>
#include <support/values.hpp>

namespace spikelet::test::adaptive_lif_test {
namespace {

TEST_CASE("adaptive lif layer: is the op with its parameters, options and surrogate") {
    LifOptions const o{.tau = 3, .threshold = 0.3, .reset = Reset::soft};
    AdaptiveLif<65, Triangle> layer{.options = o, .surrogate = {2.0}};
    Rng rng(1);
    init(layer, rng);
    CHECK(1 / (1 + std::exp(-layer.decay.span()[64])) == doctest::Approx(1.0 / 3));
    CHECK(layer.threshold.span()[64] == 0.3F);
    CHECK(1 / (1 + std::exp(-layer.recovery.span()[64])) == doctest::Approx(1.0 / 20));
    CHECK(layer.strength.span()[64] == 0.2F);
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 65), 1);
    auto const run = [&](auto const& f) {
        Tape tape;
        auto const x = tape.begin(input.view());
        auto const y = to_numbers(f(x));
        tape.backward(y);
        return std::pair{values_of(y), gradient_of(x)};
    };
    CHECK(run(layer) == run([&](auto x) {
              return adaptive_lif(x, layer.decay, layer.threshold, layer.recovery, layer.strength,
                                  o, Triangle{2.0})
                  .spikes;
          }));
}

TEST_CASE("adaptive lif layer: refuses options that make no sense") {
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 65), 1);
    auto const run = [&](AdaptiveLif<1> layer) {
        Rng rng(1);
        init(layer, rng);
        Tape tape;
        (void)layer(tape.begin(input.view()));
    };
    CHECK_THROWS_WITH_AS(run({.options = {.tau = 0}}),
                         "adaptive_lif: tau must be at least 1 step, or infinity", Error);
    CHECK_THROWS_WITH_AS(run({.first_recovery_tau = 0.5}),
                         "adaptive_lif: first_recovery_tau must be at least 1 step, or infinity",
                         Error);
    CHECK_THROWS_AS(run({.first_recovery_tau = NAN}), Error);
    for (double const strength : {double{NAN}, HUGE_VAL}) {
        CHECK_THROWS_WITH_AS(run({.first_strength = strength}),
                             "adaptive_lif: first_strength must be a finite number", Error);
    }
    CHECK_NOTHROW(run({.first_recovery_tau = HUGE_VAL, .first_strength = -0.2}));
}

TEST_CASE("adaptive lif layer: has the same bits in every way to read a text") {
    auto const model = neuron_lm<AdaptiveLif<70>>(2);
    CHECK(odd_way(model, random_tokens(3, 20, 11)) == "");
    static_assert(footprint<NeuronLm<AdaptiveLif<70>>>().state == 2 * 70);
}

}  // namespace
}  // namespace spikelet::test::adaptive_lif_test
