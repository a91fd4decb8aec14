// SPDX-License-Identifier: MIT
//
// SpikeGPT with matrices in few bits.
#include <spikelet/models/spikegpt.hpp>

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/session.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/ops/quantize.hpp>

#include <io/support.hpp>
#include <support/lively_spikegpt.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::spikegpt_stored_test {
namespace {

using Stored = SpikeGpt<dyn, dyn, dyn, dyn, Arctan, float, any_weight>;

constexpr index vocabulary = 23;

Stored stored_model(char const* variant, WeightType type, index group = 0) {
    auto const config = make_config(find_variant(variant), vocabulary, 2, 70);
    Stored stored(config);
    each_stored_weight(stored, [&](std::string_view, auto& w) { w.store_as(type, group); });
    quantize(lively_model(config), stored);
    return stored;
}

/// Logits of all tokens at once.
std::vector<float> in_parallel(Stored const& model, Tokens const& tokens) {
    Forward forward(OpenMp<>{2});
    auto const logits = model(forward.begin(tokens));
    return {logits.data, logits.data + logits.extents.size()};
}

/// Logits of one token after another.
std::vector<float> in_a_stream(Stored const& model, Tokens const& tokens, index chunk) {
    Session session{model, SessionOptions{.chunk = chunk}};
    std::vector<float> all;
    for (std::size_t i = 0; i < tokens.ids.size(); i += static_cast<std::size_t>(chunk)) {
        auto const n = std::min(static_cast<std::size_t>(chunk), tokens.ids.size() - i);
        auto const logits = session(std::span(tokens.ids).subspan(i, n));
        all.insert(all.end(), logits.data(), logits.data() + logits.size());
    }
    return all;
}

TEST_CASE("stored spikegpt: a stream has the bits of the parallel pass") {
    auto const tokens = random_tokens(1, 75, vocabulary);
    for (NamedWeightType const& weights : weight_types) {
        for (char const* variant : {"spikegpt", "spike_driven"}) {
            CAPTURE(weights.name);
            CAPTURE(variant);
            auto const model = stored_model(variant, weights.type);
            auto const logits = in_parallel(model, tokens);
            CHECK(in_a_stream(model, tokens, 1) == logits);
            CHECK(in_a_stream(model, tokens, 7) == logits);
            CHECK(in_a_stream(model, tokens, 70) == logits);
        }
    }
}

TEST_CASE("stored spikegpt: conversations at a time have the bits of each alone") {
    auto const tokens = random_tokens(16, 1, vocabulary);
    for (NamedWeightType const& weights : weight_types) {
        CAPTURE(weights.name);
        auto const model = stored_model("spike_driven", weights.type, 64);
        Session together{model, SessionOptions{.batch = 16}};
        for (int step = 0; step < 3; ++step) { (void)together(tokens.ids); }
        auto const logits = together(tokens.ids);
        for (index b = 0; b < 16; ++b) {
            Session alone{model};
            std::int32_t const id = tokens.ids[static_cast<std::size_t>(b)];
            for (int step = 0; step < 3; ++step) { (void)alone(id); }
            CHECK(std::ranges::equal(
                alone(id), std::span(logits.row(b), static_cast<std::size_t>(vocabulary))));
        }
    }
}

TEST_CASE("stored spikegpt: a file gives the same model back") {
    spikelet_test::TemporaryFolder const folder;
    std::string const path = folder / "stored.safetensors";
    auto const tokens = random_tokens(1, 20, vocabulary);
    for (NamedWeightType const& weights : weight_types) {
        CAPTURE(weights.name);
        auto const model = stored_model("spikegpt", weights.type, 64);
        save_checkpoint(path, model);
        Stored again(model.config);
        each_stored_weight(again, [&](std::string_view, auto& w) { w.store_as(weights.type, 64); });
        load_checkpoint(path, again);
        CHECK(in_parallel(again, tokens) == in_parallel(model, tokens));
    }
}

TEST_CASE("stored spikegpt: a file of other weights is refused") {
    spikelet_test::TemporaryFolder const folder;
    std::string const path = folder / "stored.safetensors";
    auto const model = stored_model("spikegpt", WeightType::int4);
    save_checkpoint(path, model);
    Stored other(model.config);
    CHECK_THROWS_AS(load_checkpoint(path, other), Error);
    SpikeGpt<> numbers(model.config);
    CHECK_THROWS_AS(load_checkpoint(path, numbers), Error);
}

TEST_CASE("stored spikegpt: sizes in the type are known to the compiler with their codes") {
    using Small = SpikeGpt<23, 16, 2, 64, Arctan, float, int4>;
    static_assert(has_static_sizes<Small>());
    static_assert(footprint<Small>().scratch > 0);
    auto const config = make_config(find_variant("spikegpt"), 23, 2, 16);
    Small model(config);
    quantize(lively_model(config), model);
    Stored chosen(config);
    each_stored_weight(chosen, [](std::string_view, auto& w) { w.store_as(WeightType::int4); });
    quantize(lively_model(config), chosen);
    Session fixed{model};
    Session expected{chosen};
    CHECK(std::ranges::equal(fixed(5), expected(5)));
}

}  // namespace
}  // namespace spikelet::test::spikegpt_stored_test
