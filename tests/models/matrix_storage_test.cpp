// SPDX-License-Identifier: MIT
//
// SpikeGPT that trains in few bits, and is stored as it was trained.
#include <spikelet/models/matrix_storage.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/session.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/ops/cross_entropy.hpp>
#include <spikelet/ops/quantize.hpp>
#include <spikelet/train/adam.hpp>

#include <support/lively_spikegpt.hpp>
#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::matrix_storage_test {
namespace {

using Stored = SpikeGpt<dyn, dyn, dyn, dyn, Arctan, float, any_weight>;

constexpr index vocabulary = 23;
constexpr MatrixStorage ternary{WeightType::ternary, WeightType::int8, 64};

SpikeGptConfig config_of(char const* variant, MatrixStorage const& trains_as, index channels) {
    auto config = make_config(find_variant(variant), vocabulary, 2, channels);
    config.trains_as = trains_as;
    return config;
}

Stored stored_as(SpikeGpt<> const& model, MatrixStorage const& storage) {
    Stored stored(model.config);
    store_as(stored, storage);
    quantize(model, stored);
    return stored;
}

template <class Model>
std::vector<float> logits_of(Model const& model, Tokens const& tokens) {
    Forward forward;
    auto const logits = model(forward.begin(tokens));
    return {logits.data, logits.data + logits.extents.size()};
}

template <class Model>
double loss_of(Model const& model, Tokens const& input, Tokens const& target) {
    Forward forward;
    return static_cast<double>(*cross_entropy(model(forward.begin(input)), target).data);
}

double worst_difference(std::vector<float> const& a, std::vector<float> const& b) {
    return roundings(a, as_double(b)) * static_cast<double>(std::numeric_limits<float>::epsilon());
}

/// Codes and scales of all matrices.
std::vector<std::uint8_t> codes_of(Stored const& model) {
    std::vector<std::uint8_t> all;
    each_stored_weight(model, [&](std::string_view, auto const& weight) {
        all.insert(all.end(), weight.codes.span().begin(), weight.codes.span().end());
        auto const scales = std::as_bytes(weight.scale.span());
        std::ranges::transform(scales, std::back_inserter(all),
                               [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    });
    return all;
}

TEST_CASE("matrix storage: plain, scaled, and what a weight of some name is") {
    static_assert(MatrixStorage{}.plain());
    static_assert(!ternary.plain() && ternary.scaled());
    static_assert(!MatrixStorage{WeightType::bf16, WeightType::f32, 0}.scaled());
    static_assert(ternary.of("blocks.0.att.key.weight") == WeightFormat{WeightType::ternary, 64});
    static_assert(ternary.of("head.weight") == WeightFormat{WeightType::int8, 64});
    CHECK_THROWS_WITH_AS((MatrixStorage{WeightType::int4, WeightType::int4, 63}.check()),
                         "weights: a group of inputs is a multiple of 64, not 63", Error);
}

TEST_CASE("matrix storage: every matrix of a model trains as its configuration says") {
    SpikeGpt<> model(config_of("spikegpt", ternary, 16));
    index matrices = 0;
    each_weight_format(model, [&](std::string_view name, WeightFormat const& format) {
        CHECK(format == ternary.of(name));
        ++matrices;
    });
    CHECK(matrices == 2 * 7 + 1);
    train_as(model, {});
    each_weight_format(model, [&](std::string_view, WeightFormat const& format) {
        CHECK(format == WeightFormat{});
    });
    CHECK(model.config.trains_as.plain());
    CHECK_THROWS_AS(SpikeGpt<>(config_of("spikegpt", {.group = 3}, 16)), Error);
}

TEST_CASE("matrix storage: what borrows a model computes as the model, and streams") {
    auto const tokens = random_tokens(1, 40, vocabulary);
    for (char const* variant : {"spikegpt", "spike_driven"}) {
        for (WeightType const type : {WeightType::int8, WeightType::int4, WeightType::ternary}) {
            CAPTURE(variant);
            CAPTURE(name_of(type));
            auto const model = lively_model(config_of(variant, {type, type, 64}, 70));
            Stored reader(model.config);
            borrow(model, reader);
            auto const logits = logits_of(model, tokens);
            CHECK(same_bits(logits_of(reader, tokens), logits));
            CHECK(same_bits(logits_of(stored_as(model, {}), tokens), logits));
            Session session{reader};
            std::vector<float> streamed;
            for (std::int32_t const id : tokens.ids) {
                auto const step = session(id);
                streamed.insert(streamed.end(), step.begin(), step.end());
            }
            CHECK(same_bits(streamed, logits));
        }
    }
}

TEST_CASE("matrix storage: stored as it trains, a model has the codes of its float weights") {
    auto const model = lively_model(config_of("spike_driven", ternary, 70));
    auto plain = lively_model(config_of("spike_driven", {}, 70));
    CHECK(codes_of(stored_as(model, ternary)) == codes_of(stored_as(plain, ternary)));
    // In other groups they are those of what it computes with.
    MatrixStorage const other{WeightType::ternary, WeightType::int8, 0};
    CHECK(codes_of(stored_as(model, other)) != codes_of(stored_as(plain, other)));
}

TEST_CASE("matrix storage: stored in more bits than it trains in, a model stays what it is") {
    auto const tokens = random_tokens(1, 40, vocabulary);
    auto const model =
        lively_model(config_of("spike_driven", {WeightType::ternary, WeightType::ternary, 0}, 70));
    auto const logits = logits_of(model, tokens);
    for (WeightType const type : {WeightType::int8, WeightType::int4}) {
        CHECK(worst_difference(logits_of(stored_as(model, {type, type, 0}), tokens), logits) <
              1e-4);
    }
}

/// All gradients after one pass.
template <class Policy>
std::vector<float> gradients(SpikeGpt<>& model, Policy policy, bool recompute) {
    auto const tokens = random_tokens(2, 40, vocabulary, 1);
    allocate(model, true);
    zero_gradients(model);
    Tape tape(policy, {.recompute = recompute});
    tape.backward(cross_entropy(model(tape.begin(tokens)), tokens));
    std::vector<float> all;
    each_parameter(model, [&](std::string_view, auto const& p) {
        all.insert(all.end(), p.gradient(), p.gradient() + p.size());
    });
    return all;
}

TEST_CASE("matrix storage: gradients have the same bits for any threads, kept or recomputed") {
    for (char const* variant : {"spikegpt", "spike_driven"}) {
        CAPTURE(variant);
        auto model = lively_model(config_of(variant, ternary, 36));
        auto const expected = gradients(model, serial, false);
        CHECK(same_bits(gradients(model, serial, true), expected));
        CHECK(same_bits(gradients(model, OpenMp<>{2}, false), expected));
        CHECK(same_bits(gradients(model, OpenMp<>{3}, true), expected));
        // They are not those of the float weights.
        train_as(model, {});
        CHECK(!same_bits(gradients(model, serial, false), expected));
    }
}

/// A model that learnt four sequences.
struct Lesson {
    Tokens all = random_tokens(4, 13, vocabulary, 1);
    Tokens input = part_of(all, 0, 12);
    Tokens target = part_of(all, 1, 13);
    SpikeGpt<> model;

    explicit Lesson(SpikeGptConfig const& config) : model(config) {
        Rng rng(1);
        init_spikegpt(model, Initialisation::A, rng);
        Tape tape;
        Adam adam(model, {.clip_norm = 1.0});
        for (int step = 0; step < 300; ++step) {
            tape.backward(cross_entropy(model(tape.begin(input)), target));
            adam.step(step < 200 ? 1e-2 : 2e-3);
        }
    }
};

TEST_CASE("matrix storage: a model learns with the bits that it is stored in") {
    for (char const* variant : {"spikegpt", "spike_driven"}) {
        for (WeightType const type : {WeightType::int4, WeightType::ternary}) {
            CAPTURE(variant);
            CAPTURE(name_of(type));
            MatrixStorage const storage{type, type, 0};
            Lesson const few(config_of(variant, storage, 32));
            double const trained = loss_of(few.model, few.input, few.target);
            CHECK(trained < 0.02);  // log(23) is 3.1
            double const stored = loss_of(stored_as(few.model, storage), few.input, few.target);
            CHECK(std::abs(stored - trained) < 1e-4);
        }
    }
}

TEST_CASE("matrix storage: what learnt with float weights loses more by ternary ones") {
    for (char const* variant : {"spikegpt", "spike_driven"}) {
        CAPTURE(variant);
        MatrixStorage const storage{WeightType::ternary, WeightType::ternary, 0};
        Lesson const plain(config_of(variant, {}, 32));
        Lesson const few(config_of(variant, storage, 32));
        CHECK(loss_of(stored_as(plain.model, storage), plain.input, plain.target) >
              3 * loss_of(stored_as(few.model, storage), few.input, few.target));
    }
}

}  // namespace
}  // namespace spikelet::test::matrix_storage_test
