// SPDX-License-Identifier: MIT
// spikegpt info: what a model is, and what it needs.
#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include <spikelet/autodiff/dry_run.hpp>

#include "classifier_model.hpp"
#include "command.hpp"
#include "flags.hpp"
#include "limits.hpp"
#include "memory.hpp"
#include "model_text.hpp"
#include "processor.hpp"

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
    flags
        .add_option("--model", request.model.path,
                    "A model or classifier in a file, .safetensors or .pth")
        ->type_name("FILE");
    flags.add_option("--size", request.size, "A model by the name of its size")
        ->check(size_name())
        ->excludes("--model");
    add_variant_flags(flags, request.model, "With --size, or of a file that does not say");
    flags.add_option("--ctx", request.ctx, "Ids in a sequence to train on")
        ->check(whole(1, most_ctx))
        ->capture_default_str();
    flags.add_option("--batch", request.batch, "Sequences at a time to train on")
        ->check(whole(1, most_batch))
        ->capture_default_str();
    flags.add_flag("--recompute", request.recompute, "Train with less memory and more work");
    auto* const cpu =
        flags.add_flag("--cpu", request.cpu, "The processor, and how the program uses it");
    for (char const* of_a_model : {"--model", "--size", "--variant", "--binary-embedding", "--ctx",
                                   "--batch", "--recompute"}) {
        cpu->excludes(of_a_model);
    }
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
    double weights;
    double streaming;  // for one stream, one token at a time, without the weights
    double state;
    std::optional<TrainingMemory> training{};  // of a model that can be trained
};

template <class Model>
Needs needs_to_read(Model const& model) {
    auto const footprint = sk::footprint(model);
    auto const state = footprint.state * static_cast<sk::index>(sizeof(float));
    return {.weights = weight_bytes(model),
            .streaming = static_cast<double>(footprint.scratch + footprint.workspace + state),
            .state = static_cast<double>(state)};
}

Needs needs_to_train(sk::SpikeGpt<> const& model, InfoRequest const& request) {
    sk::SpikeGptConfig rounded = model.config;  // streams read what was rounded once
    rounded.trains_as = {};
    Needs needs = needs_to_read(sk::SpikeGpt<>(rounded));
    needs.training = training_memory(model, {request.batch, request.ctx, request.recompute});
    return needs;
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

template <class Model>
Json summary(Model const& model, Needs const& needs) {
    Json json{{"command", "info"},
              {"model", config_json(model.config)},
              {"parameters", model.config.parameter_count()}};
    json["weight_bytes"] = std::llround(needs.weights);
    if (needs.training) {
        json["training_bytes"] = std::llround(needs.training->total());
        json["activation_bytes"] = std::llround(needs.training->activations);
    }
    json["streaming_bytes"] = std::llround(needs.streaming);
    json["state_numbers"] = std::llround(needs.state / sizeof(float));
    json["tensors"] = tensors_of(model);
    return json;
}

void say_ids(std::optional<sk::Vocabulary> const& vocabulary, Output const& out) {
    if (vocabulary) { out.say("ids          {}", kind_of(*vocabulary)); }
}

Json kind_or_null(std::optional<sk::Vocabulary> const& vocabulary) {
    return vocabulary ? Json(kind_of(*vocabulary)) : Json();
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

void tell_of_numbers(sk::SpikeGpt<> const& model, std::optional<sk::Vocabulary> const& vocabulary,
                     InfoRequest const& request, Output const& out) {
    Needs const needs = needs_to_train(model, request);
    say_config(model.config, out);
    say_ids(vocabulary, out);
    say_needs(model.config, needs, request, out);
    say_tensors(model, out);
    auto json = summary(model, needs);
    json["ids"] = kind_or_null(vocabulary);
    out.result(json);
}

void tell_of_codes(StoredModel const& model, InfoRequest const& request, Output const& out) {
    Needs const needs = needs_to_read(model.net);
    say_config(model.net.config, out);
    say_ids(model.vocabulary, out);
    out.say("matrices     {}", text_of(model.storage));
    say_needs(model.net.config, needs, request, out);
    say_tensors(model.net, out);
    auto json = summary(model.net, needs);
    json["ids"] = kind_or_null(model.vocabulary);
    json["weights"] = sk::name_of(model.storage.weights);
    json["head"] = sk::name_of(model.storage.head);
    json["group"] = model.storage.group;
    out.result(json);
}

// The classes by name, where these are not too many for a line.
std::string text_of_classes(std::vector<std::string> const& labels) {
    constexpr std::size_t most = 12;
    std::span<std::string const> const first(labels.data(), std::min(labels.size(), most));
    return fmt::format("{}: {}{}", labels.size(), fmt::join(first, ", "),
                       labels.size() > most ? ", ..." : "");
}

void tell_of_classifier(ClassifierModel const& model, Output const& out) {
    auto const& config = model.net.body.config;
    auto const& head = model.net.sizes;
    auto const parameters = sk::parameter_count(model.net);
    double const bytes = weight_bytes(model.net);
    say_config(config, out);
    say_ids(model.vocabulary, out);
    out.say("reads        {} of a text at most", counted(model.ctx, "id"));
    out.say("classes      {}", text_of_classes(model.labels));
    out.say("head         {} x {} x {}, dropout {}", config.channels, head.hidden, head.classes,
            head.dropout);
    out.say("parameters   {}", parameters);
    out.say("weights      {}", bytes_text(bytes));
    say_tensors(model.net, out);
    out.result({{"command", "info"},
                {"model", config_json(config)},
                {"ids", kind_of(model.vocabulary)},
                {"ctx", model.ctx},
                {"labels", model.labels},
                {"classify_hidden", head.hidden},
                {"classify_dropout", head.dropout},
                {"parameters", parameters},
                {"weight_bytes", std::llround(bytes)},
                {"tensors", tensors_of(model.net)}});
}

// Flags must have an effect.
void check_no_training(CLI::App const& flags) {
    for (char const* name : {"--ctx", "--batch", "--recompute"}) {
        if (flags.count(name) > 0) {
            sk::fail(name, "what training needs is told of language models of floats only");
        }
    }
}

void tell_of_file(CLI::App const& flags, InfoRequest const& request, Output const& out) {
    auto const file = sk::CheckpointFile::open(request.model.path);
    if (is_classifier(file)) {
        check_no_training(flags);
        static_cast<void>(description_of(file, request.model));  // it says itself what it is
        return tell_of_classifier(load_classifier(request.model.path), out);
    }
    StoredModel const model = load_stored_model(request.model);
    if (model.numbers) { return tell_of_numbers(*model.numbers, model.vocabulary, request, out); }
    check_no_training(flags);
    tell_of_codes(model, request, out);
}

int info(CLI::App const& flags, InfoRequest const& request) {
    Output const out(request.json);
    if (request.cpu) {
        tell_of_processor(out);
        return 0;
    }
    if (request.model.path.empty() && request.size.empty()) {
        throw CLI::RequiredError("--model, --size or --cpu");
    }
    if (request.model.path.empty()) {
        tell_of_numbers(model_of_size(request), std::nullopt, request, out);
    } else {
        tell_of_file(flags, request, out);
    }
    return 0;
}

}  // namespace

void add_info(CLI::App& program, Command& command) {
    add_command<InfoRequest>(program, command, "info", purpose_of_info, examples_of_info, declare,
                             info);
}

}  // namespace spikegpt
