// SPDX-License-Identifier: MIT
//
// Gradients of whole models, and what they are good for.
#include <spikelet/models/spikegpt.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/cross_entropy.hpp>
#include <spikelet/train/adam.hpp>

#include <support/lively_spikegpt.hpp>
#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>
#include <support/values.hpp>

namespace spikelet::test::spikegpt_training_test {
namespace {

constexpr index V = 23;

/// Two windows of a text that follow each other, a step of Adam after each: all gradients of the
/// second, and all weights.
template <class Policy>
std::vector<float> learned(SpikeGptConfig const& config, Policy policy, TapeOptions options) {
    auto const tokens = random_tokens(2, 131, V, 1);
    auto model = lively_model(config);
    options.seed = 3;
    options.carry_state = true;
    Tape tape(policy, options);
    Adam adam(model, {.learning_rate = 1e-3, .clip_norm = 1.0}, policy);
    for (index const from : {0, 65}) {
        zero_gradients(model);
        tape.set_step(from);
        auto const logits = model(tape.begin(part_of(tokens, from, from + 65)));
        auto const targets = part_of(tokens, from + 1, from + 66);
        tape.backward(cross_entropy(logits, targets, {.l2_wrap = true}));
        if (from == 0) { adam.step(); }
    }
    std::vector<float> all;
    each_parameter(model, [&](std::string_view, auto const& p) {
        all.insert(all.end(), p.gradient(), p.gradient() + p.size());
    });
    adam.step();
    each_parameter(model, [&](std::string_view, auto const& p) {
        all.insert(all.end(), p.span().begin(), p.span().end());
    });
    return all;
}

TEST_CASE("training: gradients and steps have the same bits for any threads, kept or recomputed") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        auto config = make_config(variant, V, 2, 36);
        config.dropout = 0.2;
        auto const expected = learned(config, serial, {});
        CHECK(std::count(expected.begin(), expected.end(), 0.0F) <
              static_cast<std::ptrdiff_t>(expected.size()) / 20);
        CHECK(same_bits(learned(config, serial, {.recompute = true}), expected));
        for (int const threads : {1, 2, 3}) {
            CAPTURE(threads);
            for (bool const recompute : {false, true}) {
                CHECK(same_bits(learned(config, OpenMp<>{threads}, {.recompute = recompute}),
                                expected));
            }
        }
    }
}

TEST_CASE("training: windows that carry the state have the bits of one long pass") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        auto model = lively_model(make_config(variant, V, 2, 20));
        allocate(model, true);
        auto const tokens = random_tokens(3, 40, V, 1);
        Forward at_once;
        auto const whole = values_of(model(at_once.begin(tokens)));
        for (bool const carry : {true, false}) {
            Tape tape(serial, {.recompute = true, .carry_state = carry});
            bool same = true;
            for (auto const& [from, to] : {std::pair<index, index>{0, 17}, {17, 18}, {18, 40}}) {
                auto const y = model(tape.begin(part_of(tokens, from, to)));
                for (index b = 0; b < 3; ++b) {
                    same = same && std::equal(y.data + b * (to - from) * V,
                                              y.data + (b + 1) * (to - from) * V,
                                              whole.data() + (b * 40 + from) * V);
                }
                tape.backward(y);
            }
            CHECK(same == carry);
        }
    }
}

TEST_CASE("training: gradients of two passes add up") {
    auto model = lively_model(make_config(find_variant("spikegpt_b"), V, 2, 16));
    auto const tokens = random_tokens(2, 9, V, 1);
    allocate(model, true);
    Tape tape;
    std::vector<double> once;
    for (int pass = 1; pass <= 2; ++pass) {
        tape.backward(cross_entropy(model(tape.begin(tokens)), tokens));
        if (pass == 1) {
            each_parameter(model, [&](std::string_view, auto const& p) {
                once.insert(once.end(), p.gradient(), p.gradient() + p.size());
            });
        }
    }
    std::vector<float> twice;
    each_parameter(model, [&](std::string_view, auto const& p) {
        twice.insert(twice.end(), p.gradient(), p.gradient() + p.size());
    });
    CHECK(roundings(twice, plus(once, once)) < 64);
}

TEST_CASE("training: frozen parameters stay, the others have the same gradients") {
    auto model = lively_model(make_config(find_variant("spikegpt"), V, 2, 16));
    auto const tokens = random_tokens(2, 9, V, 1);
    auto const key_gradient = [&] {
        Tape tape;
        tape.backward(cross_entropy(model(tape.begin(tokens)), tokens));
        auto const& w = model.blocks[0].att->key.weight;
        return std::vector<float>(w.gradient(), w.gradient() + w.size());
    };
    allocate(model, true);
    auto const expected = key_gradient();
    each_parameter(model, [](std::string_view name, auto& p) {
        if (name != "blocks.0.att.key.weight") { p.freeze(); }
    });
    zero_gradients(model);
    CHECK(same_bits(key_gradient(), expected));
}

/// The loss after some steps of Adam on four short sequences.
double overfit(Variant const& variant) {
    auto config = make_config(variant, 16, 2, 32);
    SpikeGpt<> model(config);
    Rng rng(1);
    init_spikegpt(model, Initialisation::A, rng);
    auto const all = random_tokens(4, 13, 16, 1);
    auto const tokens = part_of(all, 0, 12);
    auto const targets = part_of(all, 1, 13);
    Tape tape;
    Adam adam(model, {.clip_norm = 1.0});
    double loss = 0;
    for (int step = 0; step < 300; ++step) {
        auto const l = cross_entropy(model(tape.begin(tokens)), targets);
        loss = static_cast<double>(*l.data);
        tape.backward(l);
        adam.step(step < 200 ? 1e-2 : 2e-3);
    }
    return loss;
}

TEST_CASE("training: every variant learns four short sequences by heart") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        CHECK(overfit(variant) < 0.02);
    }
}

}  // namespace
}  // namespace spikelet::test::spikegpt_training_test
