// SPDX-License-Identifier: MIT
#include <limits>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

using namespace spikelet;

namespace {

using Texts = std::map<std::string, std::string, std::less<>>;

// As the reference implementation writes it.
Texts reference_texts() {
    return {{"variant", "\"spikegpt\""},
            {"L", "3"},
            {"C", "32"},
            {"V", "77"},
            {"ctx", "1024"},
            {"tau", "2.0"},
            {"vth", "1.0"},
            {"vreset", "0.0"},
            {"decay_input", "true"},
            {"detach", "false"},
            {"sg", "\"atan\""},
            {"alpha", "2.0"},
            {"ffn_pre", "false"},
            {"bin_emb", "true"},
            {"H", "128"}};
}

bool same(SpikeGptConfig const& a, SpikeGptConfig const& b) {
    return a.vocabulary == b.vocabulary && a.channels == b.channels && a.layers == b.layers &&
           a.hidden_channels() == b.hidden_channels() && a.spikes == b.spikes &&
           a.neuron == b.neuron && a.output_threshold == b.output_threshold && a.slope == b.slope &&
           a.ffn_pre == b.ffn_pre && a.dropout == b.dropout && a.levels == b.levels &&
           a.halve_every == b.halve_every && a.trains_as == b.trains_as;
}

// What reading these texts complains about.
std::string complaint(Texts const& texts) {
    try {
        static_cast<void>(config_from_metadata(texts));
    } catch (Error const& e) { return e.what(); }
    return "";
}

std::string complaint_with(std::string const& key, std::string const& text) {
    Texts texts = reference_texts();
    texts[key] = text;
    return complaint(texts);
}

}  // namespace

TEST_CASE("spikegpt_metadata: the reference's metadata is read and written") {
    Texts texts = reference_texts();
    SpikeGptConfig const config = config_from_metadata(texts);
    CHECK(config.layers == 3);
    CHECK(config.channels == 32);
    CHECK(config.vocabulary == 77);
    CHECK(config.hidden == 128);
    CHECK(config.spikes == find_variant("spikegpt").spikes);
    CHECK(config.neuron == LifOptions{});
    CHECK(config.output_threshold == 1.0);
    texts.erase("ctx");
    CHECK(metadata(config) == texts);
}

TEST_CASE("spikegpt_metadata: null resets softly") {
    Texts texts = reference_texts();
    texts["vreset"] = "null";
    SpikeGptConfig const config = config_from_metadata(texts);
    CHECK(config.neuron.reset == Reset::soft);
    CHECK(metadata(config).at("vreset") == "null");
}

TEST_CASE("spikegpt_metadata: one threshold is meant for all neurons unless vth_o says otherwise") {
    Texts texts = reference_texts();
    texts["variant"] = "\"spike_driven\"";
    texts["bin_emb"] = "false";
    texts["vth"] = "0.5";
    CHECK(config_from_metadata(texts).output_threshold == 0.5);
    texts["vth_o"] = "0.25";
    CHECK(config_from_metadata(texts).output_threshold == 0.25);
    texts.erase("ctx");
    CHECK(metadata(config_from_metadata(texts)) == texts);
}

TEST_CASE("spikegpt_metadata: only variant, L, C and V must be there") {
    Texts const least{{"variant", "\"vanilla_rwkv\""}, {"L", "2"}, {"C", "8"}, {"V", "5"}};
    SpikeGptConfig expected;
    expected.spikes = find_variant("vanilla_rwkv").spikes;
    expected.layers = 2;
    expected.channels = 8;
    expected.vocabulary = 5;
    CHECK(same(config_from_metadata(least), expected));
    for (auto const& entry : least) {
        std::string const& key = entry.first;
        CAPTURE(key);
        Texts less = least;
        less.erase(key);
        CHECK(complaint(less).starts_with("metadata: '" + key + "' is missing, expected "));
    }
}

TEST_CASE("spikegpt_metadata: every configuration survives") {
    SpikeGptConfig config = make_config(find_variant("spike_driven"), 300, 5, 24);
    config.neuron = {.tau = 4.0 / 3.0,
                     .threshold = -0.1,
                     .reset_value = 1e-7,
                     .decay_input = false,
                     .detach_reset = true};
    config.slope = 1e300;
    config.ffn_pre = true;
    config.dropout = 0.03;
    CHECK(same(config_from_metadata(metadata(config)), config));

    config.neuron = {
        .tau = std::numeric_limits<double>::infinity(), .reset = Reset::none, .decay_input = false};
    CHECK(metadata(config).at("tau") == "Infinity");
    CHECK(same(config_from_metadata(metadata(config)), config));

    for (bool const embedding : {false, true}) {
        for (Node const residual : {Node::none, Node::heaviside, Node::lif}) {
            for (bool const hidden : {false, true}) {
                for (NamedInputs const& named : named_inputs) {
                    config.spikes = {embedding, residual, hidden, named.inputs};
                    config.levels = {.inputs = 3, .output = 2, .head = 5};
                    if (!reads_events(named.inputs)) { config.levels = {}; }
                    CHECK(same(config_from_metadata(metadata(config)), config));
                }
            }
        }
    }
}

TEST_CASE("spikegpt_metadata: that the stream is halved is written where it is") {
    SpikeGptConfig config;
    CHECK_FALSE(metadata(config).contains("halve_every"));
    config.halve_every = 6;
    CHECK(metadata(config).at("halve_every") == "6");
    CHECK(same(config_from_metadata(metadata(config)), config));
    CHECK(complaint_with("halve_every", "0").starts_with("metadata: 'halve_every' is 0,"));
}

TEST_CASE("spikegpt_metadata: what matrices train as is written where it is not float") {
    SpikeGptConfig config;
    CHECK_FALSE(metadata(config).contains("trains_as"));
    config.trains_as = {WeightType::ternary, WeightType::int8, 0};
    Texts texts = metadata(config);
    CHECK(texts.at("trains_as") == "\"ternary\"");
    CHECK(texts.at("head_trains_as") == "\"int8\"");
    CHECK_FALSE(texts.contains("trains_as_group"));
    CHECK(same(config_from_metadata(texts), config));
    config.trains_as = {WeightType::f32, WeightType::int4, 128};
    texts = metadata(config);
    CHECK(texts.at("trains_as_group") == "128");
    CHECK(same(config_from_metadata(texts), config));
    CHECK(complaint_with("trains_as", "\"int3\"") ==
          "metadata: 'trains_as' is \"int3\", expected \"f32\", \"bf16\", \"int8\", \"int4\", "
          "\"ternary\"");
    CHECK(complaint_with("trains_as_group", "0").starts_with("metadata: 'trains_as_group' is 0,"));
    CHECK(complaint_with("trains_as_group", "65") ==
          "weights: a group of inputs is a multiple of 64, not 65");
}

TEST_CASE("spikegpt_metadata: a placement without a name is the nearest variant and what differs") {
    SpikeGptConfig config;
    config.spikes.binary_embedding = false;  // as in the released model
    Texts const released = metadata(config);
    CHECK(released.at("variant") == "\"spikegpt\"");
    CHECK(released.at("bin_emb") == "false");
    CHECK_FALSE(released.contains("residual"));

    config.spikes = {true, Node::heaviside, true, Inputs::numbers};
    Texts const mixture = metadata(config);
    CHECK(mixture.at("variant") == "\"heaviside_rwkv\"");
    CHECK(mixture.at("spiking_hidden") == "true");
    CHECK_FALSE(mixture.contains("inputs"));
    for (Variant const& variant : variants) {
        config.spikes = variant.spikes;
        CHECK(metadata(config).at("variant") == "\"" + std::string(variant.name) + "\"");
    }
}

TEST_CASE("spikegpt_metadata: the reference's form makes events of a node for each matrix") {
    Texts texts = metadata(make_config(find_variant("event_driven"), 9, 2, 8));
    CHECK(config_from_metadata(texts).spikes.inputs == Inputs::shared_events);
    texts["form"] = "\"post\"";
    CHECK(config_from_metadata(texts).spikes.inputs == Inputs::own_events);
}

TEST_CASE("spikegpt_metadata: what cannot be read is named") {
    CHECK(complaint_with("variant", "\"event_given\"") ==
          "metadata: 'variant' is \"event_given\", expected \"vanilla_rwkv\", "
          "\"heaviside_rwkv\", \"spikegpt\", \"spikegpt_b\", \"spike_driven\", \"event_driven\", "
          "\"event_driven_post\"");
    CHECK(complaint_with("variant", "spikegpt").starts_with("metadata: 'variant' is spikegpt,"));
    CHECK(complaint_with("L", "3.0") ==
          "metadata: 'L' is 3.0, expected a whole number from 1 to 4096");
    for (char const* text : {"", "0", "-1", "1e3", " 3", "99999999999999999999", "three"}) {
        CHECK(complaint_with("C", text).starts_with("metadata: 'C' is "));
        CHECK(complaint_with("H", text).starts_with("metadata: 'H' is "));
    }
    for (char const* text : {"", "0", "-2.0", "nan", "2,0", "2.0 ", "null", "0x10", "+2"}) {
        CHECK(complaint_with("tau", text) == "metadata: 'tau' is " + std::string(text) +
                                                 ", expected a number of at least 1, or Infinity");
        CHECK(complaint_with("alpha", text).starts_with("metadata: 'alpha' is "));
    }
    CHECK(complaint_with("levels_in", "8") ==
          "metadata: 'levels_in' is 8, expected a whole number from 1 to 7");
    CHECK(complaint_with("levels_out", "4").starts_with("metadata: 'levels_out' is 4,"));
    CHECK(complaint_with("levels_head", "0").starts_with("metadata: 'levels_head' is 0,"));
    CHECK(complaint_with("vth", "Infinity").starts_with("metadata: 'vth' is Infinity,"));
    CHECK(complaint_with("vreset", "nul").starts_with("metadata: 'vreset' is nul,"));
    CHECK(complaint_with("detach", "1") == "metadata: 'detach' is 1, expected true or false");
    CHECK(complaint_with("bin_emb", "True").starts_with("metadata: 'bin_emb' is True,"));
    CHECK(complaint_with("sg", "\"step\"").starts_with("metadata: 'sg' is \"step\","));
    CHECK(complaint_with("sg", "atan").starts_with("metadata: 'sg' is atan,"));
    CHECK(complaint_with("tau", "0.5").starts_with("metadata: 'tau' is 0.5,"));
    CHECK(complaint_with("reset", "\"hard\"").starts_with("metadata: 'reset' is \"hard\","));
    CHECK(complaint_with("residual", "\"relu\"").starts_with("metadata: 'residual' is "));
    CHECK(complaint_with("dropout", "1.0") ==
          "metadata: 'dropout' is 1.0, expected a number from 0 to below 1");
    CHECK(complaint_with("tau", std::string(1000, '9') + "x").size() < 160);
}

TEST_CASE("spikegpt_metadata: sizes that no model has are refused before they are computed with") {
    for (char const* text : {"4611686018427387904", "9223372036854775807", "1048577"}) {
        CHECK(complaint_with("C", text) == "metadata: 'C' is " + std::string(text) +
                                               ", expected a whole number from 1 to 1048576");
    }
    CHECK(complaint_with("L", "9223372036854775807").starts_with("metadata: 'L' is "));
    CHECK(complaint_with("V", "2147483648").starts_with("metadata: 'V' is "));
    CHECK(complaint_with("H", "16777217").starts_with("metadata: 'H' is "));
    Texts largest = reference_texts();
    largest["C"] = "1048576";
    largest["L"] = "4096";
    largest["V"] = "2147483647";
    largest["H"] = "16777216";
    CHECK(config_from_metadata(largest).parameter_count() > 0);
}

TEST_CASE("spikegpt_metadata: a slope that nobody gave is the surrogate's own") {
    using Fast = SpikeGpt<dyn, dyn, dyn, dyn, FastSigmoid>;
    SpikeGptConfig config;
    config.layers = 1;
    Texts const unset = metadata(config);
    CHECK_FALSE(unset.contains("alpha"));
    CHECK(same(config_from_metadata(unset), config));
    Texts texts = metadata(Fast(config).config);
    CHECK(texts.at("alpha") == "10.0");
    CHECK(Fast(config_from_metadata(texts)).lif_head.surrogate.slope == 10);
    texts.erase("alpha");
    CHECK(Fast(config_from_metadata(texts)).lif_head.surrogate.slope == 10);
    texts["alpha"] = "2.0";
    CHECK(Fast(config_from_metadata(texts)).lif_head.surrogate.slope == 2);
}

TEST_CASE("spikegpt_metadata: a surrogate is recorded, and only its model is made of it") {
    struct Mine : StraightThrough {};
    using Sigmoid = SpikeGpt<dyn, dyn, dyn, dyn, SigmoidSurrogate>;
    using Own = SpikeGpt<dyn, dyn, dyn, dyn, Mine>;
    SpikeGptConfig config;
    config.layers = 1;
    config.slope = 3.0;
    Texts const texts = metadata(Sigmoid(config).config);
    CHECK(texts.at("sg") == "\"sigmoid\"");
    CHECK(texts.at("alpha") == "3.0");
    SpikeGptConfig const read = config_from_metadata(texts);
    CHECK(Sigmoid(read).lif_head.surrogate.slope == 3.0);
    CHECK_THROWS_WITH_AS(
        SpikeGpt<>{read},
        "spikegpt: the configuration is of the surrogate 'sigmoid', the type has 'atan'", Error);
    CHECK_THROWS_AS(Own{read}, Error);
    // To read the weights all the same:
    SpikeGptConfig free = read;
    free.surrogate = {};
    CHECK(metadata(SpikeGpt<>(free).config).at("sg") == "\"atan\"");

    Texts const own = metadata(Own(config).config);
    CHECK(own.at("sg") == "\"custom\"");
    CHECK_NOTHROW(Own(config_from_metadata(own)));
    CHECK_THROWS_AS(SpikeGpt<>{config_from_metadata(own)}, Error);
}
