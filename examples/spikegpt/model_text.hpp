// SPDX-License-Identifier: MIT
// What a model is, in lines for people and as JSON: its configuration, its tensors.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/json.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

#include "block_name.hpp"
#include "language_model.hpp"
#include "output.hpp"
#include "stored_model.hpp"

namespace spikegpt {

inline std::string text_of(sk::LifOptions const& neuron) {
    std::string reset = "no reset";
    if (neuron.reset == sk::Reset::hard) { reset = fmt::format("reset to {}", neuron.reset_value); }
    if (neuron.reset == sk::Reset::soft) { reset = "reset by the threshold"; }
    return fmt::format("tau {}, threshold {}, {}{}", neuron.tau, neuron.threshold, reset,
                       neuron.detach_reset ? ", detached" : "");
}

inline void say_neurons(sk::SpikeGptConfig const& config, Output const& out) {
    out.say("neurons      {}", text_of(config.neuron));
    if (config.output_threshold != config.neuron.threshold) {
        out.say("             threshold {} in front of time mixing's output",
                config.output_threshold);
    }
}

inline void say_config(sk::SpikeGptConfig const& config, Output const& out) {
    out.say("variant      {}", nearest_variant(config));
    out.say("layers       {}", config.layers);
    out.say("channels     {}, {} inside channel mixing", config.channels, config.hidden_channels());
    out.say("vocabulary   {}", config.vocabulary);
    out.say("embedding    {}", config.spikes.binary_embedding ? "signs" : "numbers");
    if (has_lif(config.spikes)) { say_neurons(config, out); }
    if (sk::reads_events(config.spikes.inputs)) {
        out.say("events       levels up to {}, {} in front of time mixing's output, {} of the head",
                config.levels.inputs, config.levels.output, config.levels.head);
    }
    if (config.ffn_pre) { out.say("first block  mixes channels twice"); }
    if (config.dropout > 0) { out.say("dropout      {}", config.dropout); }
    if (!config.trains_as.plain()) { out.say("trains as    {}", text_of(config.trains_as)); }
}

inline Json config_json(sk::SpikeGptConfig const& config) {
    Json json;
    for (auto const& [key, text] : sk::metadata(config)) { json[key] = scalar_json(text); }
    return json;
}

/// Bytes of a model's parameters.
template <class Model>
double weight_bytes(Model const& model) {
    double bytes = 0;
    sk::each_parameter(model, [&](std::string_view, auto const& p) {
        bytes += static_cast<double>(p.size() * static_cast<sk::index>(sizeof(*p.value())));
    });
    return bytes;
}

/// Tensors of one name and shape in successive blocks; first < 0 for one outside the blocks.
struct TensorLine {
    std::string name;  // within the block
    std::string shape;
    sk::index first;
    sk::index last;

    TensorLine(BlockName const& of_name, std::string of_shape)
        : name(of_name.rest),
          shape(std::move(of_shape)),
          first(of_name.block),
          last(of_name.block) {}

    [[nodiscard]] bool continues(TensorLine const& line) const {
        return first >= 0 && first == line.last + 1 && name == line.name && shape == line.shape;
    }

    [[nodiscard]] std::string text() const {
        if (first < 0) { return name; }
        return first == last ? fmt::format("blocks.{}.{}", first, name)
                             : fmt::format("blocks.{}-{}.{}", first, last, name);
    }
};

template <class Model>
void say_tensors(Model const& model, Output const& out) {
    std::vector<TensorLine> lines;
    sk::each_file_parameter(model, [&](sk::FileParameter const& known, auto const&) {
        TensorLine const next(BlockName(known.name), sk::describe(known.shape));
        auto const line =
            std::ranges::find_if(lines, [&](auto const& l) { return next.continues(l); });
        if (line == lines.end()) {
            lines.push_back(next);
        } else {
            line->last = next.last;
        }
    });
    out.say("tensors");
    for (TensorLine const& line : lines) { out.say("  {:<36} {}", line.text(), line.shape); }
}

/// Shapes of the tensors by name.
template <class Model>
Json tensors_of(Model const& model) {
    Json json;
    sk::each_file_parameter(model, [&](sk::FileParameter const& known, auto const&) {
        json[known.name] = known.shape;
    });
    return json;
}

}  // namespace spikegpt
