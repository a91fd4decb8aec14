// SPDX-License-Identifier: MIT
#include <spikelet/models/spikegpt_rescale.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/session.hpp>

#include <support/lively_spikegpt.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::spikegpt_rescale_test {
namespace {

constexpr index V = 19;
constexpr index layers = 14;

SpikeGpt<> model_of(std::string_view variant) {
    return lively_model(make_config(find_variant(variant), V, layers, 12), 3);
}

std::vector<float> values(auto const& y) { return {y.data, y.data + y.extents.size()}; }

std::vector<float> logits(SpikeGpt<> const& model, Tokens const& tokens) {
    Forward forward;
    return values(model(forward.begin(tokens)));
}

/// What model_run.py makes of a trained model, whose weights stay as they are: the quotients of
/// products are those of weights divided by powers of two.
std::vector<float> released(SpikeGpt<> const& m, Tokens const& tokens) {
    Forward forward;
    auto const embedded = m.emb(forward.begin(tokens));
    auto const& spikes = m.config.spikes;
    auto x = m.ln0(spikes.binary_embedding ? to_numbers(heaviside(embedded).spikes) : embedded);
    auto const through = [&](auto branch) {
        if (spikes.residual == Node::none) { return branch; }
        return to_numbers(lif(branch, m.config.neuron).spikes);
    };
    for (index i = 0; i < layers; ++i) {
        auto const& block = m.blocks[static_cast<std::size_t>(i)];
        double const part = i < 6 ? 1.0 : i < 12 ? 0.5 : 0.25;
        auto const a = block.ln1(x);
        x = x + through(part * (block.att ? (*block.att)(a) : (*block.ffnPre)(a)));
        x = x + through(part * block.ffn(block.ln2(x)));
        if (i == 5 || i == 11) { x = 0.5 * x; }
    }
    return values(m.head(m.ln_out(x)));
}

double largest_difference(std::vector<float> const& a, std::vector<float> const& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(double(a[i]) - double(b[i])));
    }
    return largest;
}

TEST_CASE("rescale: it is what the released script computes, to the bit") {
    auto const tokens = random_tokens(2, 40, V);
    for (auto const* variant : {"vanilla_rwkv", "spikegpt"}) {
        for (bool const ffn_pre : {false, true}) {
            CAPTURE(variant);
            auto config = make_config(find_variant(variant), V, layers, 12);
            config.ffn_pre = ffn_pre;
            auto model = lively_model(config, 3);
            auto const expected = released(model, tokens);
            rescale_as_released(model);
            CHECK(logits(model, tokens) == expected);
        }
    }
}

TEST_CASE("rescale: without spikes nothing changes but for rounding, with spikes much does") {
    auto const tokens = random_tokens(2, 40, V);
    auto const difference = [&](std::string_view variant, index every) {
        auto model = model_of(variant);
        auto const trained = logits(model, tokens);
        rescale_as_released(model, every);
        return largest_difference(trained, logits(model, tokens));
    };
    CHECK(difference("vanilla_rwkv", 6) < 2e-3);
    CHECK(difference("vanilla_rwkv", 2) < 2e-2);
    CHECK(difference("spikegpt", 6) > 0.1);
    CHECK(difference("spikegpt", layers + 1) == 0);
}

TEST_CASE("rescale: a session streams the same bits") {
    auto const tokens = random_tokens(1, 30, V);
    auto model = model_of("spikegpt");
    rescale_as_released(model);
    auto const whole = logits(model, tokens);
    Session session(model);
    std::vector<float> last;
    for (auto const id : tokens.ids) {
        auto const y = session(id);
        last.assign(y.begin(), y.end());
    }
    CHECK(std::equal(last.begin(), last.end(), whole.end() - V));
}

TEST_CASE("rescale: only once, and only weights of float") {
    auto model = model_of("spikegpt");
    rescale_as_released(model);
    CHECK_THROWS_WITH_AS(rescale_as_released(model), "rescale: the model is rescaled already",
                         Error);
    auto config = make_config(find_variant("spikegpt"), V, 1, 12);
    config.trains_as = {WeightType::int4, WeightType::int4, 0};
    SpikeGpt<> rounded(config);
    CHECK_THROWS_AS(rescale_as_released(rounded), Error);
    auto other = model_of("spikegpt");
    for (index const every : {index{0}, SpikeGptConfig::most_layers + 1}) {
        CHECK_THROWS_WITH_AS(rescale_as_released(other, every),
                             "rescale: every so many layers must be from 1 to 4096", Error);
    }
    SpikeGpt<> shape(make_config(find_variant("spikegpt"), V, 1, 12));
    CHECK_THROWS_WITH_AS(rescale_as_released(shape), "rescale: 'emb.weight' has no numbers yet",
                         Error);
}

TEST_CASE("rescale: where it is an error nothing has changed") {
    auto model = model_of("spikegpt");
    std::vector<float> const numbers(static_cast<std::size_t>(model.head.weight.size()));
    model.head.weight.bind(numbers.data());
    auto const& value = model.blocks.back().ffn.value.weight;
    std::vector<float> const before(value.span().begin(), value.span().end());
    CHECK_THROWS_WITH_AS(rescale_as_released(model),
                         "rescale: 'head.weight' is bound to constant numbers", Error);
    CHECK(model.config.halve_every == 0);
    CHECK(std::ranges::equal(value.span(), before));
}

}  // namespace
}  // namespace spikelet::test::spikegpt_rescale_test
