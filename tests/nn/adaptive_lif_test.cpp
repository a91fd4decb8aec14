// SPDX-License-Identifier: MIT
#include <spikelet/nn/adaptive_lif.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <spikelet/autodiff/session.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/elementwise.hpp>

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

/// Tokens to spikes to logits.
struct Model {
    Embedding<11, 70> embed;
    AdaptiveLif<70> neuron;
    Linear<70, 9> head;
    SPIKELET_PARTS(embed, neuron, head)

    constexpr auto operator()(auto ids) const { return head(neuron(embed(ids))); }
};

TEST_CASE("adaptive lif layer: a session streams it, and has the bits of the whole sequence") {
    Model model;
    Rng rng(1);
    init(model, rng);
    for (float& w : model.embed.weight.span()) { w *= 2; }
    std::vector<std::int32_t> const ids{3, 1, 4, 1, 5, 9, 2, 6};
    Forward forward;
    auto const whole = model(forward.begin(Tokens{ids, 1, 8}));
    Session session(model);
    static_assert(footprint<Model>().state == 2 * 70);
    bool alive = false;
    for (std::size_t t = 0; t < ids.size(); ++t) {
        auto const logits = session(ids[t]);
        CHECK(std::equal(logits.begin(), logits.end(), whole.data + t * 9));
        alive = alive || logits[0] != 0;
    }
    CHECK(alive);
}

}  // namespace
}  // namespace spikelet::test::adaptive_lif_test
