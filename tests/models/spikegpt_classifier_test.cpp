// SPDX-License-Identifier: MIT
#include <spikelet/models/spikegpt_classifier.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/io/checkpoint.hpp>

#include <support/lively_spikegpt.hpp>
#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::spikegpt_classifier_test {
namespace {

using Lengths = std::vector<std::int32_t>;

/// A classifier of sequences with these lengths.
struct OfLengths {
    SpikeGptClassifier<double> model;
    Lengths lengths;
    SPIKELET_PARTS(model)

    auto operator()(auto ids) const { return model(ids, lengths); }
};

SpikeGptConfig small(std::string_view variant) {
    auto config = make_config(find_variant(variant), 7, 2, 5);
    config.hidden = 6;
    return config;
}

template <class T>
SpikeGptClassifier<T> lively_classifier(std::string_view variant) {
    using Model = SpikeGptClassifier<T>;
    Model model(lively_model<typename Model::Body>(small(variant)), {.hidden = 4, .classes = 3});
    Rng rng(2);
    model.init_head(rng);
    return model;
}

std::vector<float> logits(SpikeGptClassifier<float> const& model, Tokens const& tokens,
                          Lengths const& lengths) {
    Forward forward;
    auto const y = model(forward.begin(tokens), lengths);
    return {y.data, y.data + y.extents.size()};
}

TEST_CASE("classifier: without spikes every weight's gradient equals finite differences") {
    OfLengths layer{lively_classifier<double>("vanilla_rwkv"), {4, 2}};
    layer.model.classify_head.dropout_rate = 0.2;
    Tensor<std::int32_t, dyn, dyn> ids(2, 4);
    Rng rng(1);
    for (auto& id : ids.span()) { id = static_cast<std::int32_t>(rng.below(7)); }
    auto const report = gradcheck(layer, ids);
    CHECK_MESSAGE(report.passed(), to_string(report));
    index const head = 5 * 4 + 4 + 4 * 3 + 3;
    CHECK(report.checked == small("vanilla_rwkv").parameter_count() - 7 * 5 + head);
}

TEST_CASE("classifier: what fills a text up changes nothing, nor do other texts") {
    for (char const* variant : {"spikegpt", "event_driven"}) {
        auto const model = lively_classifier<float>(variant);
        auto const text = random_tokens(1, 5, 7);
        auto const alone = logits(model, text, {5});
        auto both = random_tokens(2, 9, 7);
        std::ranges::copy(text.ids, both.row(1).begin());
        auto const together = logits(model, both, {9, 5});
        CHECK(same_bits(std::vector(together.begin() + 3, together.end()), alone));
    }
}

TEST_CASE("classifier: init makes the model that a language model's body and a head would") {
    SpikeGptClassifier<float> model(small("spikegpt"), {.hidden = 4, .classes = 3});
    Rng rng(1);
    model.init(Initialisation::C, rng);
    CHECK(model.body.head.weight.value() == nullptr);
    SpikeGpt<> body(small("spikegpt"));
    Rng again(1);
    init_spikegpt(body, Initialisation::C, again);
    SpikeGptClassifier<float> moved(std::move(body), model.sizes);
    moved.init_head(again);
    CHECK(moved.body.head.weight.value() == nullptr);
    auto const tokens = random_tokens(2, 5, 7);
    CHECK(same_bits(logits(moved, tokens, {5, 3}), logits(model, tokens, {5, 3})));
    // C is also what is made where no form is named, as in a language model.
    SpikeGptClassifier<float> unnamed(small("spikegpt"), model.sizes);
    Rng same(1);
    unnamed.init(same);
    CHECK(same_bits(logits(unnamed, tokens, {5, 3}), logits(model, tokens, {5, 3})));
}

TEST_CASE("classifier: files name the body as language models do, and have no output matrix") {
    std::vector<std::string> names;
    SpikeGptClassifier<float> const model(small("spikegpt"), {});
    each_file_parameter(model, [&](FileParameter const& p, auto const&) {
        names.push_back(p.name + " " + describe(p.shape));
    });
    auto const has = [&](char const* name) { return std::ranges::count(names, name) == 1; };
    CHECK(has("emb.weight [7, 5]"));
    CHECK(has("blocks.0.ln0.weight [5]"));
    CHECK(has("blocks.1.att.time_mix_k [1, 1, 5]"));
    CHECK(has("blocks.1.ffn.key.weight [6, 5]"));
    CHECK(has("classify_head.in.weight [64, 5]"));
    CHECK(has("classify_head.out_bias [2]"));
    CHECK(!has("head.weight [7, 5]"));
}

TEST_CASE("classifier: sizes that make no sense are refused") {
    auto const config = small("spikegpt");
    CHECK_THROWS_WITH_AS((SpikeGptClassifier<float>(config, {.classes = 1})),
                         "classifier: classes is 1, expected 2 to 4096", Error);
    CHECK_THROWS_AS((SpikeGptClassifier<float>(config, {.hidden = 0})), Error);
    CHECK_THROWS_AS((SpikeGptClassifier<float>(config, {.dropout = 1.0})), Error);
}

}  // namespace
}  // namespace spikelet::test::spikegpt_classifier_test
