// SPDX-License-Identifier: MIT
// A SpikeGPT's configuration as text by key, for the metadata of its files. The texts are JSON
// scalars:
//   variant, L, C, V, H            name of the variant, layers, channels, vocabulary, hidden
//   tau, vth, decay_input, detach  the neuron (docs/numerics.md, "LIF"); vreset: null resets softly
//   sg                             the surrogate ("custom" for a program's own)
//   alpha                          its slope; without, the slope is its type's own
//   bin_emb, ffn_pre               the embedding is reduced to signs; "RWKV-ffnPre"
// and where a configuration is more than these can say, and only there:
//   vth_o       threshold in front of time mixing's output matrix, where it is not vth
//   dropout     where it is not 0
//   halve_every the stream is halved behind each so many layers, where it is
//   reset       "none", where neurons do not reset at all
//   residual, spiking_hidden, inputs           what is not as in the variant
//   levels_in, levels_out, levels_head         of graded spikes, where matrices read them
//   trains_as, head_trains_as, trains_as_group   matrices that compute and train in few bits
// A form "post" makes event_driven of the reference's files our event_driven_post.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <spikelet/core/metadata.hpp>
#include <spikelet/models/metadata_scalars.hpp>
#include <spikelet/models/spikegpt_config.hpp>
#include <spikelet/models/spikegpt_surrogate.hpp>

namespace spikelet {

namespace detail {

struct NamedNode {
    std::string_view name;
    Node node;
};

inline constexpr std::array<NamedNode, 3> named_nodes{
    {{"none", Node::none}, {"heaviside", Node::heaviside}, {"lif", Node::lif}}};

/// The variant that needs the fewest words to describe this placement.
inline Variant const& nearest_variant(Placement const& spikes) {
    auto const distance = [&](Placement const& named) {
        return 2 * (named.residual != spikes.residual) +
               2 * (named.spiking_hidden != spikes.spiking_hidden) +
               2 * (named.inputs != spikes.inputs) +
               (named.binary_embedding != spikes.binary_embedding);
    };
    Variant const* nearest = variants.data();
    for (Variant const& v : variants) {
        if (distance(v.spikes) < distance(nearest->spikes)) { nearest = &v; }
    }
    return *nearest;
}

inline void write_placement(Placement const& spikes, Metadata& texts) {
    Variant const& variant = nearest_variant(spikes);
    texts["variant"] = scalar_text(variant.name);
    texts["bin_emb"] = scalar_text(spikes.binary_embedding);
    for (NamedNode const& named : named_nodes) {
        if (named.node == spikes.residual && spikes.residual != variant.spikes.residual) {
            texts["residual"] = scalar_text(named.name);
        }
    }
    if (spikes.spiking_hidden != variant.spikes.spiking_hidden) {
        texts["spiking_hidden"] = scalar_text(spikes.spiking_hidden);
    }
    for (NamedInputs const& named : named_inputs) {
        if (named.inputs == spikes.inputs && spikes.inputs != variant.spikes.inputs) {
            texts["inputs"] = scalar_text(named.name);
        }
    }
}

inline Placement read_placement(ScalarReader const& read) {
    if (!read.has("variant")) { read.complain("variant", "the name of a variant"); }
    Placement spikes = read.choice("variant", variants, &Variant::spikes, Placement{});
    spikes.binary_embedding = read.truth("bin_emb", spikes.binary_embedding);
    spikes.residual = read.choice("residual", named_nodes, &NamedNode::node, spikes.residual);
    spikes.spiking_hidden = read.truth("spiking_hidden", spikes.spiking_hidden);
    spikes.inputs = read.choice("inputs", named_inputs, &NamedInputs::inputs, spikes.inputs);
    if (read.text("form") == scalar_text("post") && spikes.inputs == Inputs::shared_events) {
        spikes.inputs = Inputs::own_events;
    }
    return spikes;
}

inline std::string_view read_surrogate(ScalarReader const& read) {
    if (read.text("sg") == scalar_text(custom_surrogate)) { return custom_surrogate; }
    return read.choice("sg", named_surrogates, &NamedSurrogate::name, std::string_view("atan"));
}

inline LifOptions read_neuron(ScalarReader const& read) {
    LifOptions neuron;
    neuron.tau = read.number("tau", neuron.tau, time_constant);
    neuron.threshold = read.number("vth", neuron.threshold, any_number);
    neuron.decay_input = read.truth("decay_input", neuron.decay_input);
    neuron.detach_reset = read.truth("detach", neuron.detach_reset);
    if (read.text("vreset") == "null") {
        neuron.reset = Reset::soft;
    } else {
        neuron.reset_value = read.number("vreset", neuron.reset_value, any_number);
    }
    if (read.has("reset")) {
        if (read.text("reset") != scalar_text("none")) { read.complain("reset", "\"none\""); }
        neuron.reset = Reset::none;
    }
    return neuron;
}

inline EventLevelOptions read_levels(ScalarReader const& read) {
    EventLevelOptions levels;
    auto const level = [&](std::string_view key, int otherwise, int most) {
        return read.has(key) ? static_cast<int>(read.size(key, most)) : otherwise;
    };
    levels.inputs = level("levels_in", levels.inputs, EventLevels<graded<3>>::highest);
    levels.output = level("levels_out", levels.output, EventLevels<signed_graded<3>>::highest);
    levels.head = level("levels_head", levels.head, EventLevels<graded<3>>::highest);
    return levels;
}

inline void write_trains_as(MatrixStorage const& storage, Metadata& texts) {
    if (storage.plain()) { return; }
    texts["trains_as"] = scalar_text(name_of(storage.weights));
    texts["head_trains_as"] = scalar_text(name_of(storage.head));
    if (storage.group > 0) { texts["trains_as_group"] = std::to_string(storage.group); }
}

inline MatrixStorage read_trains_as(ScalarReader const& read) {
    auto const type = [&](std::string_view key) {
        return read.choice(key, weight_types, &NamedWeightType::type, WeightType::f32);
    };
    bool const groups = read.has("trains_as_group");
    return {type("trains_as"), type("head_trains_as"),
            groups ? read.size("trains_as_group", SpikeGptConfig::most_hidden) : 0};
}

}  // namespace detail

/// The configuration as text by key. A configuration that names no surrogate, which is one that no
/// model was made of, counts as SpikeGPT's.
inline Metadata metadata(SpikeGptConfig const& config) {
    using detail::scalar_text;
    LifOptions const& neuron = config.neuron;
    Metadata texts{
        {"L", std::to_string(config.layers)},
        {"C", std::to_string(config.channels)},
        {"V", std::to_string(config.vocabulary)},
        {"H", std::to_string(config.hidden_channels())},
        {"tau", scalar_text(neuron.tau)},
        {"vth", scalar_text(neuron.threshold)},
        {"vreset", neuron.reset == Reset::hard ? scalar_text(neuron.reset_value) : "null"},
        {"decay_input", scalar_text(neuron.decay_input)},
        {"detach", scalar_text(neuron.detach_reset)},
        {"sg", scalar_text(config.surrogate.empty() ? "atan" : config.surrogate)},
        {"ffn_pre", scalar_text(config.ffn_pre)},
    };
    if (config.slope) { texts["alpha"] = scalar_text(*config.slope); }
    detail::write_placement(config.spikes, texts);
    if (neuron.reset == Reset::none) { texts["reset"] = scalar_text("none"); }
    if (config.output_threshold != neuron.threshold) {
        texts["vth_o"] = scalar_text(config.output_threshold);
    }
    if (reads_events(config.spikes.inputs)) {
        texts["levels_in"] = std::to_string(config.levels.inputs);
        texts["levels_out"] = std::to_string(config.levels.output);
        texts["levels_head"] = std::to_string(config.levels.head);
    }
    if (config.dropout != 0) { texts["dropout"] = scalar_text(config.dropout); }
    if (config.halve_every != 0) { texts["halve_every"] = std::to_string(config.halve_every); }
    detail::write_trains_as(config.trains_as, texts);
    return texts;
}

/// The configuration of which metadata() made these texts. Keys it does not know do not matter;
/// those it does not find but for variant, L, C and V stand for SpikeGPT's own values, a slope for
/// that of the surrogate's type. Throws Error that names the key if a text cannot be read or its
/// value makes no sense.
inline SpikeGptConfig config_from_metadata(Metadata const& texts) {
    detail::ScalarReader const read(texts);
    SpikeGptConfig config;
    config.spikes = detail::read_placement(read);
    config.layers = read.size("L", SpikeGptConfig::most_layers);
    config.channels = read.size("C", SpikeGptConfig::most_channels);
    config.vocabulary = read.size("V", SpikeGptConfig::most_vocabulary);
    config.hidden = read.has("H") ? read.size("H", SpikeGptConfig::most_hidden) : 0;
    config.neuron = detail::read_neuron(read);
    config.levels = detail::read_levels(read);
    config.output_threshold = read.number("vth_o", config.neuron.threshold, detail::any_number);
    config.surrogate = detail::read_surrogate(read);
    if (read.has("alpha")) { config.slope = read.number("alpha", 0.0, detail::above_zero); }
    config.ffn_pre = read.truth("ffn_pre", config.ffn_pre);
    config.dropout = read.number("dropout", config.dropout, detail::part_of_one);
    if (read.has("halve_every")) {
        config.halve_every = read.size("halve_every", SpikeGptConfig::most_layers);
    }
    config.trains_as = detail::read_trains_as(read);
    config.check();
    return config;
}

}  // namespace spikelet
