// SPDX-License-Identifier: MIT
// spikegpt info: what a model is, and what it needs.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <spikelet/autodiff/dry_run.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/json.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

#include "block_name.hpp"
#include "command.hpp"
#include "flags.hpp"
#include "memory.hpp"
#include "output.hpp"
#include "processor.hpp"
#include "stored_model.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_info = "Tells what a model is and what it needs";
constexpr char const* examples_of_info =
    "  spikegpt info --model runs/book/model.safetensors\n"
    "  spikegpt info --cpu\n"
    "  spikegpt info --size 46m --variant spike_driven --ctx 1024 --batch 12";

struct InfoRequest {
    ModelSource model{};
    std::string size;
    sk::index ctx = 1024;
    sk::index batch = 1;
    bool recompute = false;
    bool cpu = false;
    bool json = false;
};

void declare(CLI::App& flags, InfoRequest& request) {
    flags.add_option("--model", request.model.path, "A model in a file, .safetensors or .pth")
        ->type_name("FILE");
    flags.add_option("--size", request.size, "A model by the name of its size")
        ->check(size_name())
        ->excludes("--model");
    add_variant_flags(flags, request.model, "With --size, or of a file that does not say");
    flags.add_option("--ctx", request.ctx, "Ids in a sequence to train on")
        ->check(whole(1, 65536))
        ->capture_default_str();
    flags.add_option("--batch", request.batch, "Sequences at a time to train on")
        ->check(whole(1, 4096))
        ->capture_default_str();
    flags.add_flag("--recompute", request.recompute, "Train with less memory and more work");
    flags.add_flag("--cpu", request.cpu, "The processor, and how the program uses it")
        ->excludes("--model")
        ->excludes("--size");
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

sk::SpikeGpt<> model_of_size(InfoRequest const& request) {
    auto const& size = sk::find_size(request.size);
    std::string const& variant = request.model.variant;
    auto config = sk::make_config(sk::find_variant(variant.empty() ? "spikegpt" : variant),
                                  size.vocabulary, size.layers, size.channels);
    if (!request.model.binary_embedding.empty()) {
        config.spikes.binary_embedding = request.model.binary_embedding == "on";
    }
    return sk::SpikeGpt<>(config);
}

/// Bytes that a model takes.
struct Needs {
    double weights = 0;
    double streaming;  // for one stream, one token at a time, without the weights
    double state;
    std::optional<TrainingMemory> training{};  // of a model that can be trained
};

template <class Model>
Needs needs_to_read(Model const& model) {
    auto const footprint = sk::footprint(model);
    auto const state = footprint.state * static_cast<sk::index>(sizeof(float));
    Needs needs{.streaming = static_cast<double>(footprint.scratch + footprint.workspace + state),
                .state = static_cast<double>(state)};
    sk::each_parameter(model, [&](std::string_view, auto const& p) {
        needs.weights += static_cast<double>(p.size() * static_cast<sk::index>(sizeof(*p.value())));
    });
    return needs;
}

Needs needs_to_train(sk::SpikeGpt<> const& model, InfoRequest const& request) {
    sk::SpikeGptConfig rounded = model.config;  // streams read what was rounded once
    rounded.trains_as = {};
    Needs needs = needs_to_read(sk::SpikeGpt<>(rounded));
    needs.training = training_memory(model, {request.batch, request.ctx, request.recompute});
    return needs;
}

std::string neuron_text(sk::LifOptions const& neuron) {
    std::string reset = "no reset";
    if (neuron.reset == sk::Reset::hard) { reset = fmt::format("reset to {}", neuron.reset_value); }
    if (neuron.reset == sk::Reset::soft) { reset = "reset by the threshold"; }
    return fmt::format("tau {}, threshold {}, {}{}", neuron.tau, neuron.threshold, reset,
                       neuron.detach_reset ? ", detached" : "");
}

void say_model(sk::SpikeGptConfig const& config, Output const& out) {
    out.say("variant      {}", nearest_variant(config));
    out.say("layers       {}", config.layers);
    out.say("channels     {}, {} inside channel mixing", config.channels, config.hidden_channels());
    out.say("vocabulary   {}", config.vocabulary);
    out.say("embedding    {}", config.spikes.binary_embedding ? "signs" : "numbers");
    out.say("neurons      {}", neuron_text(config.neuron));
    if (config.output_threshold != config.neuron.threshold) {
        out.say("             threshold {} in front of time mixing's output",
                config.output_threshold);
    }
    if (config.ffn_pre) { out.say("first block  mixes channels twice"); }
    if (config.dropout > 0) { out.say("dropout      {}", config.dropout); }
    if (!config.trains_as.plain()) { out.say("trains as    {}", text_of(config.trains_as)); }
}

void say_needs(sk::SpikeGptConfig const& config, Needs const& needs, InfoRequest const& request,
               Output const& out) {
    out.say("parameters   {}", config.parameter_count());
    out.say("weights      {}", bytes_text(needs.weights));
    if (needs.training) {
        out.say("to train     {} with batch {}, ctx {}{}", bytes_text(needs.training->total()),
                request.batch, request.ctx, request.recompute ? ", recomputing" : "");
        out.say("             {} weights, gradients, Adam; {} activations",
                bytes_text(needs.training->weights), bytes_text(needs.training->activations));
    }
    out.say("to stream    {} besides the weights, of which {} are state",
            bytes_text(needs.streaming), bytes_text(needs.state));
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

template <class Model>
Json summary(Model const& model, Needs const& needs) {
    Json json{{"command", "info"}};
    for (auto const& [key, text] : sk::metadata(model.config)) {
        json["model"][key] = sk::parse_json<Json>("metadata", text);
    }
    json["parameters"] = model.config.parameter_count();
    json["weight_bytes"] = std::llround(needs.weights);
    if (needs.training) {
        json["training_bytes"] = std::llround(needs.training->total());
        json["activation_bytes"] = std::llround(needs.training->activations);
    }
    json["streaming_bytes"] = std::llround(needs.streaming);
    json["state_numbers"] = std::llround(needs.state / sizeof(float));
    sk::each_file_parameter(model, [&](sk::FileParameter const& known, auto const&) {
        json["tensors"][known.name] = known.shape;
    });
    return json;
}

void tell_of_processor(Output const& out) {
    Computer const computer = choose_computer();
    ThreadChoice const threads = default_threads();
    out.say("processor    {}", processor_name());
    out.say("kernels for  {}", sk::detail::names_of(instruction_sets()));
    out.say("it has       {}", fmt::join(sets_here(), ", "));
    out.say("in use       {}", computer.instructions->name);
    out.say("threads      {}, {}", threads.count, threads.reason);
    out.result({{"command", "info"},
                {"processor", processor_name()},
                {"instruction_sets", sets_here()},
                {"cpu", computer.instructions->name},
                {"threads", threads.count}});
}

void tell_of_numbers(sk::SpikeGpt<> const& model, InfoRequest const& request, Output const& out) {
    Needs const needs = needs_to_train(model, request);
    say_model(model.config, out);
    say_needs(model.config, needs, request, out);
    say_tensors(model, out);
    out.result(summary(model, needs));
}

void tell_of_codes(StoredModel const& model, InfoRequest const& request, Output const& out) {
    Needs const needs = needs_to_read(model.net);
    say_model(model.net.config, out);
    out.say("matrices     {}", text_of(model.storage));
    say_needs(model.net.config, needs, request, out);
    say_tensors(model.net, out);
    auto json = summary(model.net, needs);
    json["weights"] = sk::name_of(model.storage.weights);
    json["head"] = sk::name_of(model.storage.head);
    json["group"] = model.storage.group;
    out.result(json);
}

int info(CLI::App const&, InfoRequest const& request) {
    Output const out(request.json);
    if (request.cpu) {
        tell_of_processor(out);
        return 0;
    }
    if (request.model.path.empty() && request.size.empty()) {
        throw CLI::RequiredError("--model, --size or --cpu");
    }
    if (request.model.path.empty()) {
        tell_of_numbers(model_of_size(request), request, out);
    } else if (StoredModel const model = load_stored_model(request.model); model.numbers) {
        tell_of_numbers(*model.numbers, request, out);
    } else {
        tell_of_codes(model, request, out);
    }
    return 0;
}

}  // namespace

void add_info(CLI::App& program, Command& command) {
    add_command<InfoRequest>(program, command, "info", purpose_of_info, examples_of_info, declare,
                             info);
}

}  // namespace spikegpt
