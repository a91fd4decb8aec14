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
//   reset       "none", where neurons do not reset at all
//   residual, spiking_hidden, inputs           what is not as in the variant
//   levels_in, levels_out, levels_head         of graded spikes, where matrices read them
// A form "post" makes event_driven of the reference's files our event_driven_post.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/metadata.hpp>
#include <spikelet/core/named.hpp>
#include <spikelet/core/quote.hpp>
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

/// The shortest decimals that read back as x, with a point or an exponent.
inline std::string scalar_text(double x) {
    if (std::isinf(x)) { return x > 0 ? "Infinity" : "-Infinity"; }
    std::array<char, 32> digits{};
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr;
    std::string const text(digits.data(), end);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

// Constrained, since text in quotes would rather become a bool than a string_view.
inline std::string scalar_text(std::same_as<bool> auto x) { return x ? "true" : "false"; }
inline std::string scalar_text(std::string_view x) { return "\"" + std::string(x) + "\""; }

/// Numbers that make sense somewhere, and how a message says so.
struct NumberRange {
    double low;
    double high;
    std::string_view words;
};

inline constexpr double smallest = std::numeric_limits<double>::min();
inline constexpr double largest = std::numeric_limits<double>::max();
inline constexpr double infinite = std::numeric_limits<double>::infinity();
inline constexpr NumberRange any_number{-largest, largest, "a number"};
inline constexpr NumberRange above_zero{smallest, largest, "a number above 0"};
inline constexpr NumberRange time_constant{1.0, infinite, "a number of at least 1, or Infinity"};
inline constexpr NumberRange part_of_one{0.0, 0x1.fffffffffffffp-1, "a number from 0 to below 1"};

/// Reads scalars by key. Members that read throw Error, which names the key.
class ScalarReader {
public:
    explicit ScalarReader(Metadata const& texts) : texts_(&texts) {}

    [[noreturn]] void complain(std::string_view key, std::string_view expected) const {
        std::string const found = has(key) ? "is " + text(key).substr(0, 60) : "is missing";
        fail("metadata", quote(key) + " " + found + ", expected " + std::string(expected));
    }

    [[nodiscard]] bool has(std::string_view key) const { return texts_->contains(key); }

    [[nodiscard]] std::string text(std::string_view key) const {
        auto const found = texts_->find(key);
        return found == texts_->end() ? "" : found->second;
    }

    /// A size from 1 to `most`.
    [[nodiscard]] index size(std::string_view key, index most) const {
        index value = 0;
        if (!parse(text(key), value) || value < 1 || value > most) {
            complain(key, "a whole number from 1 to " + std::to_string(most));
        }
        return value;
    }

    /// The number at the key, or `otherwise` if it is not there.
    [[nodiscard]] double number(std::string_view key, double otherwise, NumberRange range) const {
        double value = otherwise;
        if (has(key) &&
            (!parse(text(key), value) || !(value >= range.low && value <= range.high))) {
            complain(key, range.words);
        }
        return value;
    }

    [[nodiscard]] bool truth(std::string_view key, bool otherwise) const {
        bool const yes = text(key) == "true";
        if (has(key) && !yes && text(key) != "false") { complain(key, "true or false"); }
        return has(key) ? yes : otherwise;
    }

    /// What `table` has under the name at the key, or `otherwise` if the key is not there.
    template <class Table, class Value, class Entry>
    [[nodiscard]] Value choice(std::string_view key, Table const& table, Value Entry::*value,
                               Value otherwise) const {
        std::string_view const found = without_quotes(key);
        if (auto const* const entry = entry_named(table, found)) { return entry->*value; }
        if (has(key)) { complain(key, names_of(table, "\"")); }
        return otherwise;
    }

private:
    // What is between the quotes of the text at the key; empty where there are none.
    [[nodiscard]] std::string_view without_quotes(std::string_view key) const {
        auto const found = texts_->find(key);
        if (found == texts_->end()) { return {}; }
        std::string_view const text = found->second;
        bool const quoted = text.size() > 1 && text.front() == '"' && text.back() == '"';
        return quoted ? text.substr(1, text.size() - 2) : std::string_view{};
    }

    template <class T>
    static bool parse(std::string const& text, T& value) {
        auto const result = std::from_chars(text.data(), text.data() + text.size(), value);
        return result.ec == std::errc{} && result.ptr == text.data() + text.size();
    }

    Metadata const* texts_;
};

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
    config.check();
    return config;
}

}  // namespace spikelet
