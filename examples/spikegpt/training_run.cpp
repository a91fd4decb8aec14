// SPDX-License-Identifier: MIT
#include "training_run.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/models/spikegpt_init.hpp>

#include "memory.hpp"
#include "output.hpp"

namespace spikegpt {

namespace {

// Streams of random numbers of their own: none depends on how much another has drawn.
constexpr std::uint64_t initial_weights = 1;
constexpr std::uint64_t choice_of_batches = 2;

LanguageModel model_for(TrainOptions const& options, Sources const& sources) {
    auto vocabulary = options.vocab == "byte" ? sk::Vocabulary::bytes()
                                              : sk::Vocabulary::characters_of(sources.train);
    auto const config = model_config(options, vocabulary.size());
    return {std::move(vocabulary), sk::SpikeGpt<>(config)};
}

// Options follow a model that is given.
void adopt(TrainOptions& options, LanguageModel const& language) {
    sk::SpikeGptConfig const& config = language.net.config;
    options.vocab = language.vocabulary.is_bytes() ? "byte" : "char";
    options.layers = config.layers;
    options.embd = config.channels;
    options.threshold = config.neuron.threshold;
    options.binary_embedding = config.spikes.binary_embedding ? "on" : "off";
    options.ffn_pre = config.ffn_pre;
    for (sk::Variant const& variant : sk::variants) {
        sk::Placement placement = variant.spikes;
        placement.binary_embedding = config.spikes.binary_embedding;
        if (placement == config.spikes) { options.variant = variant.name; }
    }
}

void check_memory(LanguageModel const& language, TrainOptions const& options) {
    auto const need = training_memory(
        language.net, {.batch = options.batch, .ctx = options.ctx, .recompute = options.recompute});
    if (need.total() > machine_memory()) {
        sk::fail("train",
                 fmt::format("these sizes need {}, {} for weights and {} for activations; this "
                             "machine has {}",
                             bytes_text(need.total()), bytes_text(need.weights),
                             bytes_text(need.activations), bytes_text(machine_memory())));
    }
}

sk::AdamOptions adam_options(TrainOptions const& options) {
    return {.learning_rate = *options.lr,
            .beta1 = options.beta1,
            .beta2 = options.beta2,
            .epsilon = options.epsilon,
            .clip_norm = options.clip,
            .decoupled = options.optimizer == "adamw",
            .group = sk::decay_matrices(*options.weight_decay)};
}

std::string not_finite_weight(LanguageModel const& language) {
    std::string found;
    sk::each_parameter(language.net, [&](std::string_view name, auto const& parameter) {
        auto const weights = parameter.span();
        bool const finite = std::ranges::all_of(weights, [](float w) { return std::isfinite(w); });
        if (!finite && found.empty()) { found = name; }
    });
    return found;
}

}  // namespace

TrainingRun::TrainingRun(RunFolder to, RunRecord what, LanguageModel model, Sources const& sources)
    : folder(std::move(to)),
      record(std::move(what)),
      language(std::move(model)),
      corpora(sources, language.vocabulary, record.options.ctx),
      unknown(sources.valid ? count_unknown(language.vocabulary, *sources.valid) : 0),
      optimizer(language.net, adam_options(record.options),
                sk::OpenMp<>{.threads = static_cast<int>(record.options.threads)}) {}

void TrainingRun::save() {
    if (std::string const name = not_finite_weight(language); !name.empty()) {
        sk::fail("train", fmt::format("step {}: {} has weights that are not finite; not saved",
                                      record.at.step, name));
    }
    save_resume(folder, record, language, optimizer);
    save_model(
        folder.model(), language,
        {{"step", std::to_string(record.at.step)}, {"tokens", std::to_string(record.at.tokens)}});
}

std::unique_ptr<TrainingRun> begin_run(RunFolder const& folder, TrainOptions options,
                                       std::string const& init_from, bool force) {
    folder.check_free(force);
    Sources const sources(options);
    auto given = init_from.empty() ? std::nullopt : std::optional(load_model(init_from));
    if (given) { adopt(options, *given); }
    complete(options);
    static_cast<void>(Course(options));
    LanguageModel model = given ? std::move(*given) : model_for(options, sources);
    check_memory(model, options);

    sk::Rng const random(static_cast<std::uint64_t>(options.seed));
    Position const start{.batches = random.split(choice_of_batches).state()};
    auto run = std::make_unique<TrainingRun>(
        folder, RunRecord{options, sources.fingerprint(), start}, std::move(model), sources);
    if (!given) {
        sk::Rng weights = random.split(initial_weights);
        sk::init_spikegpt(run->language.net, sk::find_initialisation(options.init), weights);
    }
    folder.make();
    folder.remove_leftovers();
    save_config(folder, run->record, run->language);
    save_resume(folder, run->record, run->language, run->optimizer);
    return run;
}

std::unique_ptr<TrainingRun> resume_run(RunFolder const& folder, TrainOptions const& given,
                                        CLI::App const& flags) {
    ResumeFile const file(folder);
    RunRecord record = file.record();
    record.options = continued(record.options, given, flags);
    static_cast<void>(Course(record.options));
    Sources const sources(record.options);
    if (std::string const now = sources.fingerprint(); now != record.text) {
        sk::fail("resume",
                 "the text is another: " + now + ", when the run started: " + record.text);
    }
    LanguageModel model = file.model();
    check_memory(model, record.options);
    auto run = std::make_unique<TrainingRun>(folder, std::move(record), std::move(model), sources);
    file.restore(run->language, run->optimizer);
    folder.remove_leftovers();
    return run;
}

}  // namespace spikegpt
