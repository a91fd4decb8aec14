// SPDX-License-Identifier: MIT
#include <spikelet/models/spikegpt.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/models/spikegpt_init.hpp>
#include <spikelet/ops/cross_entropy.hpp>

#include <support/lively_spikegpt.hpp>
#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/tiny_lm.hpp>
#include <support/values.hpp>

namespace spikelet::test::spikegpt_test {
namespace {

std::vector<std::string> names(auto const& model) {
    std::vector<std::string> list;
    each_parameter(model, [&](std::string_view name, auto&) { list.emplace_back(name); });
    return list;
}

bool contains(std::vector<std::string> const& list, std::string const& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

TEST_CASE("spikegpt: parameters have the names of the official files") {
    auto const list = names(SpikeGpt<>(make_config(variants[2], 11, 2, 5)));
    CHECK(list.size() == 1 + 2 + 2 * (4 + 9 + 5) + 2 + 1);
    CHECK(list.front() == "emb.weight");
    CHECK(list.back() == "head.weight");
    for (auto const* name :
         {"ln0.bias", "blocks.1.ln2.weight", "blocks.0.att.time_decay", "blocks.0.att.time_first",
          "blocks.1.att.time_mix_v", "blocks.1.att.receptance.weight", "blocks.1.att.output.weight",
          "blocks.1.ffn.time_mix_r", "blocks.1.ffn.key.weight", "ln_out.weight"}) {
        CAPTURE(name);
        CHECK(contains(list, name));
    }
    CHECK(SpikeGpt<>::file_name("ln0.weight") == "blocks.0.ln0.weight");
    CHECK(SpikeGpt<>::file_name("ln_out.weight") == "ln_out.weight");
    CHECK(SpikeGpt<>::file_leading_ones("blocks.1.att.time_mix_k") == 2);
    CHECK(SpikeGpt<>::file_leading_ones("blocks.1.att.time_decay") == 0);
}

TEST_CASE("spikegpt: with ffn_pre the first block mixes channels in place of time") {
    auto config = make_config(variants[2], 11, 2, 5);
    config.ffn_pre = true;
    auto const list = names(SpikeGpt<>(config));
    CHECK(contains(list, "blocks.0.ffnPre.key.weight"));
    CHECK_FALSE(contains(list, "blocks.0.att.key.weight"));
    CHECK(contains(list, "blocks.1.att.key.weight"));
    CHECK_FALSE(contains(list, "blocks.1.ffnPre.key.weight"));
}

/// A spiking node, or numbers as they are.
auto through(Node kind, auto const& options, auto x) {
    if (kind == Node::none) { return x; }
    return to_numbers(kind == Node::lif ? lif(x, options).spikes : heaviside(x).spikes);
}

/// The model as the paper's formulas read.
auto formula(auto const& m, auto ids) {
    auto const& spikes = m.config.spikes;
    auto const norm = [](auto const& layer, auto x) {
        return layer_norm(x, layer.weight, layer.bias);
    };
    auto const embedded = gather(ids, m.emb.weight);
    auto x = norm(m.ln0, through(spikes.binary_embedding ? Node::heaviside : Node::none,
                                 m.config.neuron, embedded));
    for (auto const& block : m.blocks) {
        auto const a = norm(block.ln1, x);
        auto const mixed = block.att ? (*block.att)(a) : (*block.ffnPre)(a);
        x = x + through(spikes.residual, m.config.neuron, mixed);
        x = x + through(spikes.residual, m.config.neuron, block.ffn(norm(block.ln2, x)));
    }
    auto const out = norm(m.ln_out, x);
    if (reads_events(spikes.inputs)) {
        auto const& threshold = m.ev_head->threshold;
        auto const events = event_node<graded<3>>(out, threshold, m.config.levels.head).spikes;
        return linear(to_numbers(events), m.head.weight);
    }
    return linear(
        through(spikes.inputs == Inputs::lif ? Node::lif : Node::none, m.config.neuron, out),
        m.head.weight);
}

TEST_CASE("spikegpt: every variant computes its formula") {
    auto const tokens = random_tokens(2, 15, 11);
    for (Variant const& variant : variants) {
        for (bool const ffn_pre : {false, true}) {
            CAPTURE(variant.name);
            CAPTURE(ffn_pre);
            auto config = make_config(variant, 11, 2, 5);
            config.ffn_pre = ffn_pre;
            config.dropout = 0.5;  // not in evaluation
            auto const model = lively_model(config);
            Forward forward;
            auto const logits = model(forward.begin(tokens));
            CHECK(logits.extents == Extents<dyn, dyn, dyn>(2, 15, 11));
            auto const values = values_of(logits);
            auto const expected = as_double(values_of(formula(model, forward.begin(tokens))));
            CHECK(roundings(values, expected) < 64);
        }
    }
}

TEST_CASE("spikegpt: its traces show spikes wherever the variant has them, in both states") {
    auto const tokens = random_tokens(4, 40, 11);
    auto const sites = [&](Variant const& variant) {
        auto const model = lively_model(make_config(variant, 11, 2, 16));
        Recorder recorder(model);
        Forward forward;
        forward.observe(&recorder);
        (void)model(forward.begin(tokens));
        std::vector<std::string> list;
        for (auto const& site : recorder.seen) {
            auto const& spikes = site.second;
            if (site.first.ends_with(".s")) {
                CAPTURE(site.first);
                CHECK(std::count(spikes.begin(), spikes.end(), 1.0F) > 0);
                CHECK(std::count(spikes.begin(), spikes.end(), 0.0F) > 0);
                list.push_back(site.first);
            }
        }
        for (auto const* name : {"ln0", "blocks.0.ln1", "blocks.0.att.wkv", "blocks.1.att_out",
                                 "blocks.1.x_mid", "blocks.0.ffn.kv", "blocks.1.x_out", "logits"}) {
            CAPTURE(name);
            CHECK(recorder.seen.count(name) == 1);
        }
        return list;
    };
    CHECK(sites(find_variant("vanilla_rwkv")).empty());
    CHECK(sites(find_variant("spikegpt")) ==
          std::vector<std::string>{"blocks.0.lif1.s", "blocks.0.lif2.s", "blocks.1.lif1.s",
                                   "blocks.1.lif2.s", "emb.s"});
    CHECK(sites(find_variant("heaviside_rwkv")).size() == 5);
    CHECK(contains(sites(find_variant("spikegpt_b")), "blocks.1.ffn.lif_v.s"));
    CHECK(sites(find_variant("spike_driven")).size() == 2 * 7 + 1);
}

TEST_CASE("spikegpt: the configuration's neurons stand at every place") {
    auto config = make_config(find_variant("spike_driven"), 11, 2, 6);
    config.neuron = {.tau = 3.0, .threshold = 0.7, .reset = Reset::soft};
    config.output_threshold = 0.3;
    config.slope = 5.0;
    SpikeGpt<> const model(config);
    for (auto const& block : model.blocks) {
        for (auto const* node :
             {&block.att->lif_k, &block.att->lif_v, &block.att->lif_r, &block.ffn.lif_k,
              &block.ffn.lif_r, &block.ffn.lif_v, &model.lif_head}) {
            CHECK(node->options == config.neuron);
            CHECK(node->surrogate.slope == 5);
        }
        for (auto const* node : {&block.lif1, &block.lif2}) {
            CHECK(node->options == config.neuron);
            CHECK(node->surrogate.slope == 5);
            CHECK(node->kind == config.spikes.residual);
        }
        auto expected = config.neuron;
        expected.threshold = 0.3;
        CHECK(block.att->lif_o.options == expected);
        CHECK(block.att->lif_o.surrogate.slope == 5);
    }
}

/// A surrogate of a program's own: two numbers, neither of them a slope.
struct Window {
    double width = 1.0;
    double height = 1.0;

    template <class B>
    B operator()(B const& x) const {
        auto const inside = simd::abs(x) < B(static_cast<typename B::value_type>(width));
        return simd::select(inside, B(static_cast<typename B::value_type>(height)), B(0));
    }
};

/// The gradient of the embedding of a lively model, with spikes on the residual stream.
template <class Surrogate, class... Given>
std::vector<float> embedding_gradient(Given const&... given) {
    using Model = SpikeGpt<11, 6, 2, 24, Surrogate>;
    auto config = make_config(find_variant("spikegpt"), 11, 2, 6);
    config.spikes.binary_embedding = false;
    config.neuron.threshold = 0.01;
    Model model(Model::with_static_sizes(config), given...);
    Rng rng(1);
    init_spikegpt(model, Initialisation::A, rng);
    allocate(model, true);
    auto const tokens = random_tokens(2, 9, 11);
    Tape tape;
    tape.backward(cross_entropy(model(tape.begin(tokens)), tokens));
    auto const& w = model.emb.weight;
    return {w.gradient(), w.gradient() + w.size()};
}

TEST_CASE("spikegpt: takes any surrogate, with a slope, without or with more") {
    auto const arctan = embedding_gradient<Arctan>();
    CHECK(embedding_gradient<Arctan>(Arctan{2.0}) == arctan);
    CHECK(embedding_gradient<Arctan>(Arctan{5.0}) != arctan);
    CHECK(embedding_gradient<StraightThrough>() != arctan);
    CHECK(embedding_gradient<LeakyPiecewise>() != arctan);
    CHECK(embedding_gradient<Window>() != embedding_gradient<Window>(Window{1.0, 0.5}));
    // As wide as can be it is 1 everywhere.
    CHECK(embedding_gradient<Window>(Window{1e30, 1.0}) == embedding_gradient<StraightThrough>());

    SpikeGpt<11, 6, 2> const model(make_config(find_variant("spikegpt"), 11, 2, 6), Arctan{5.0});
    CHECK(model.config.slope == 5);
    CHECK(model.config.surrogate == "atan");
    CHECK(model.blocks[1].lif2.surrogate.slope == 5);
}

TEST_CASE("spikegpt: sizes in the type change no bit") {
    auto const tokens = random_tokens(2, 9, 11);
    auto const config = make_config(find_variant("spikegpt_b"), 11, 2, 6);
    auto const dynamic = lively_model(config);
    auto const fixed = lively_model<SpikeGpt<11, 6, 2>>(config);
    Forward forward;
    auto const values = values_of(dynamic(forward.begin(tokens)));
    CHECK(values == values_of(fixed(forward.begin(tokens))));
}

TEST_CASE("spikegpt: dropout drops in training, each block on its own") {
    auto config = make_config(find_variant("vanilla_rwkv"), 11, 2, 64);
    config.dropout = 0.25;
    auto const model = lively_model(config);
    Recorder recorder(model);
    Tape tape;
    tape.observe(&recorder);
    (void)model(tape.begin(random_tokens(2, 20, 11)));
    for (auto const* name : {"blocks.0.x_out", "blocks.1.x_out"}) {
        auto const& x = recorder.seen[name];
        double const dropped = static_cast<double>(std::count(x.begin(), x.end(), 0.0F));
        CHECK(std::abs(dropped / static_cast<double>(x.size()) - 0.25) < 0.05);
    }
    CHECK(recorder.seen["blocks.0.x_out"] != recorder.seen["blocks.1.x_out"]);
}

TEST_CASE("spikegpt: sizes that make no sense or contradict the type are an error") {
    CHECK_THROWS_AS(SpikeGpt<>(make_config(variants[2], 0, 2, 5)), Error);
    CHECK_THROWS_AS(SpikeGpt<>(make_config(variants[2], 11, 0, 5)), Error);
    CHECK_THROWS_AS(SpikeGpt<>(make_config(variants[2], 11, 2, -5)), Error);
    CHECK_THROWS_AS((SpikeGpt<11, 6, 2>(make_config(variants[2], 11, 3, 6))), Error);
    CHECK_THROWS_AS((SpikeGpt<11, 6, 2>(make_config(variants[2], 12, 2, 6))), Error);
    CHECK_THROWS_AS((SpikeGpt<11, 6, 2>(make_config(variants[2], 11, 2, 7))), Error);
    CHECK(SpikeGpt<11, 6, 2>{}.config.channels == 6);
    constexpr index huge = index{1} << 62;
    CHECK_THROWS_WITH_AS(SpikeGpt<>(make_config(variants[2], 11, 2, huge)),
                         "spikegpt: channels is 4611686018427387904, expected 1 to 1048576", Error);
    CHECK_THROWS_AS(SpikeGpt<>(make_config(variants[2], 11, huge, 5)), Error);
    CHECK_THROWS_AS(SpikeGpt<>(make_config(variants[2], huge, 2, 5)), Error);
    CHECK_THROWS_AS((void)make_config(variants[2], 11, 2, huge).parameter_count(), Error);
    SpikeGptConfig config;
    config.hidden = huge;
    CHECK_THROWS_AS(SpikeGpt<>{config}, Error);
}

TEST_CASE("spikegpt: neurons, slopes and dropouts that make no sense are an error") {
    auto const complaint = [](auto change) -> std::string {
        SpikeGptConfig config;
        change(config);
        try {
            SpikeGpt<> const model(config);
        } catch (Error const& error) { return error.what(); }
        return "";
    };
    CHECK(complaint([](auto&) {}).empty());
    CHECK(complaint([](auto& c) { c.neuron.tau = 0; }) ==
          "lif: tau must be at least 1 step, or infinity");
    CHECK(complaint([](auto& c) { c.neuron.threshold = std::nan(""); }) ==
          "lif: the threshold must be a finite number");
    CHECK(complaint([](auto& c) { c.output_threshold = HUGE_VAL; }) ==
          "lif: the threshold must be a finite number");
    CHECK(complaint([](auto& c) { c.neuron.reset_value = HUGE_VAL; }) ==
          "lif: the reset value must be a finite number");
    for (double const slope : {0.0, -1.0, HUGE_VAL, std::nan("")}) {
        CHECK(complaint([=](auto& c) { c.slope = slope; }) ==
              "spikegpt: the slope of the surrogate must be above 0");
    }
    for (double const dropout : {-0.1, 1.0, std::nan("")}) {
        CHECK(complaint([=](auto& c) { c.dropout = dropout; }) ==
              "spikegpt: the dropout must be at least 0 and below 1");
    }
}

}  // namespace
}  // namespace spikelet::test::spikegpt_test
