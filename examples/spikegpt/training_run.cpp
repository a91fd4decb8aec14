// SPDX-License-Identifier: MIT
#include "training_run.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <spikelet/autodiff/dry_run.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/utf8.hpp>
#include <spikelet/io/vocabulary_file.hpp>
#include <spikelet/models/spikegpt_init.hpp>

#include "layer_rates.hpp"
#include "memory.hpp"
#include "output.hpp"
#include "rows.hpp"
#include "seeds.hpp"
#include "train_flags.hpp"

namespace spikegpt {

namespace {

LanguageModel model_for(TrainOptions const& options, Sources const& sources) {
    auto vocabulary = options.vocab == "byte"   ? sk::Vocabulary::bytes()
                      : options.vocab == "char" ? sources.train.characters()
                                                : sk::load_vocabulary(options.vocab);
    auto const config = model_config(options, vocabulary.size());
    return {std::move(vocabulary), sk::SpikeGpt<>(config)};
}

// Options follow what a model trains as, where nothing else is asked for.
void adopt(TrainOptions& options, sk::MatrixStorage const& trains_as) {
    options.weights = options.weights.value_or(std::string(sk::name_of(trains_as.weights)));
    options.head_weights = options.head_weights.value_or(std::string(sk::name_of(trains_as.head)));
    if (!options.weight_group) {
        options.weight_group = 0;
        if (matrix_storage(options).scaled()) { options.weight_group = trains_as.group; }
    }
}

// Options follow a model that is given.
void adopt(TrainOptions& options, LanguageModel const& language) {
    sk::SpikeGptConfig const& config = language.net.config;
    options.vocab = language.vocabulary.is_bytes()        ? "byte"
                    : language.vocabulary.is_characters() ? "char"
                                                          : "tokens";
    options.layers = config.layers;
    options.embd = config.channels;
    options.threshold = config.neuron.threshold;
    options.binary_embedding = config.spikes.binary_embedding ? "on" : "off";
    options.ffn_pre = config.ffn_pre;
    options.dropout = config.dropout;
    if (!config.trains_as.plain()) { adopt(options, config.trains_as); }
    options.variant = nearest_variant(config);
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

// Thresholds of events learn at a rate of their own.
sk::GroupRule parameter_groups(TrainOptions const& options) {
    sk::GroupRule const rule = [decay = sk::decay_matrices(*options.weight_decay),
                                rate = options.threshold_rate](std::string_view name,
                                                               sk::index rank) {
        sk::ParameterGroup group = decay(name, rank);
        if (name.ends_with(".threshold")) { group.rate_scale = rate; }
        return group;
    };
    return decayed_by_layer(rule, options.layer_lr_decay, options.layers);
}

LearnerOptions learner_options(TrainOptions const& options) {
    return {.tape = {.recompute = options.recompute,
                     .seed = static_cast<std::uint64_t>(options.seed),
                     .products = options.bf16 ? sk::Products::bf16 : sk::Products::f32,
                     .carry_state = options.carry_state},
            .adam = {.learning_rate = *options.lr,
                     .beta1 = options.beta1,
                     .beta2 = options.beta2,
                     .epsilon = options.epsilon,
                     .clip_norm = options.clip,
                     .decoupled = options.optimizer == "adamw",
                     .group = parameter_groups(options)}};
}

// What stays as it is, optimisers must know when they are made.
LanguageModel prepared(LanguageModel language, TrainOptions const& options) {
    if (options.freeze) { freeze_first(language.net, *options.freeze, options.layers); }
    return language;
}

void check_inputs(RunFolder const& folder, TrainOptions const& options,
                  std::string const& init_from) {
    folder.check_holds_none_of(options.data);
    folder.check_holds_none_of({options.valid, options.vocab, init_from});
}

// A run goes on from any folder. Its files are JSON, which knows no other text than UTF-8.
void make_absolute(TrainOptions& options) {
    for (std::string& path : options.data) {
        path = std::filesystem::absolute(path);
        sk::check_utf8("--data: " + sk::quote(path), path);
    }
    if (!options.valid.empty()) { options.valid = std::filesystem::absolute(options.valid); }
    sk::check_utf8("--valid: " + sk::quote(options.valid), options.valid);
    sk::check_utf8("--vocab: " + sk::quote(options.vocab), options.vocab);
}

// Until the first state of the new run has replaced that of an older one, the older is whole.
void take_folder(TrainingRun& run, bool force) {
    run.folder.make();
    run.lock = FolderLock(run.folder.path);
    if (!force) { run.folder.check_free(); }  // once more, now that nobody else can write
    run.folder.remove_leftovers();
    save_resume(run.folder, run.record, run.language, *run.learner);
    run.folder.remove_older(false);
    save_config(run.folder, run.record, run.language);
}

// Each instruction set has its own bits.
void check_processor(TrainOptions const& options, CLI::App const& flags) {
    auto const here = sets_here();
    bool const is_here = std::ranges::find(here, options.cpu) != here.end();
    if (flags.count("--cpu") > 0 || options.cpu.empty() || is_here) { return; }
    sk::fail("resume",
             fmt::format("the run was computed by {}, of which this processor lacks something; it "
                         "has {}: --cpu goes on with one of them, and with other bits",
                         sk::quote(options.cpu), fmt::join(here, ", ")));
}

void check_length(RunRecord const& record, CLI::App const& flags) {
    if (flags.count("--steps") > 0 && record.options.steps < record.at.step) {
        sk::fail("resume", fmt::format("--steps {} is not beyond the {} that the run has made",
                                       record.options.steps, counted(record.at.step, "step")));
    }
}

// Where rows go on, the state must be all that the model and the batch carry.
void check_state(TrainingRun const& run) {
    TrainOptions const& options = run.record.options;
    bool const carries = options.carry_state;
    sk::index const found = std::ssize(run.learner->state());
    sk::index const expected =
        carries ? sk::footprint<float>(run.language.net, options.batch, 1).state : 0;
    Rows const rows(run.corpora.train, options.batch, options.ctx, sk::Rng(run.record.at.batches));
    bool const goes_on = carries && rows.goes_on(Course(options).first_batch(run.record.at));
    if (found == expected || (found == 0 && !goes_on)) { return; }
    sk::fail(sk::quote(run.folder.resume()),
             fmt::format("the state that rows go on from has {}, of this model and batch {} were "
                         "expected",
                         counted(found, "number"), expected));
}

// The texts that a run was started with. Throws Error with advice if they are gone or others.
Sources sources_again(RunRecord const& record) {
    TrainOptions const& options = record.options;
    std::optional<Sources> sources;
    try {
        sources.emplace(options);
    } catch (sk::Error const& error) {
        sk::fail("resume",
                 fmt::format("{}, looked for from {}; --data and --valid say where the "
                             "text of the run is now",
                             error.what(), sk::quote(std::filesystem::current_path().string())));
    }
    if (std::string const now = sources->fingerprint(); now != record.text) {
        std::string files;
        for (std::string const& path : options.data) { files += sk::quote(path) + ", "; }
        if (!options.valid.empty()) { files += sk::quote(options.valid) + ", "; }
        sk::fail("resume",
                 fmt::format("{}the text is not that of the run ({}; the run was started with {}); "
                             "put the old text back, or start a new run with --init-from",
                             files, now, record.text));
    }
    return std::move(*sources);
}

}  // namespace

TrainingRun::TrainingRun(RunFolder to, RunRecord what, LanguageModel model, Sources const& sources)
    : folder(std::move(to)),
      record(std::move(what)),
      language(prepared(std::move(model), record.options)),
      corpora(sources, language.vocabulary, record.options),
      unknown(sources.valid ? sources.valid->describe_unknown(language.vocabulary) : std::nullopt),
      computer(choose_computer(record.options.cpu, record.options.threads)),
      learner(computer.engine().learner(language.net, learner_options(record.options),
                                        computer.threads)) {
    record.options.cpu = computer.instructions->name;
}

sk::Metadata TrainingRun::notes() const {
    return {{"step", std::to_string(record.at.step)},
            {"tokens", std::to_string(record.at.tokens)},
            {context_key, std::to_string(record.options.ctx)}};
}

void TrainingRun::save() {
    if (std::string const name = find_not_finite(language); !name.empty()) {
        sk::fail("train", fmt::format("step {}: {} has weights that are not finite; not saved",
                                      record.at.step, name));
    }
    save_resume(folder, record, language, *learner);
    save_model(folder.model(), language, notes());
}

void TrainingRun::save_best(double bits_per_id) {
    spikegpt::save_best(folder, language, notes(), {bits_per_id, record.options.eval_tokens});
    best_valid = bits_per_id;
}

std::unique_ptr<TrainingRun> begin_run(RunFolder const& folder, TrainOptions options,
                                       ModelSource const& init_from, bool force,
                                       CLI::App const& flags) {
    check_inputs(folder, options, init_from.path);
    if (!force) { folder.check_free(); }
    Sources const sources(options);
    check_course(sources, options, flags);
    make_absolute(options);
    auto given = init_from.path.empty() ? std::nullopt : std::optional(load_model(init_from));
    if (given) { adopt(options, *given); }
    complete(options);
    static_cast<void>(Course(options));
    if (options.freeze && !given) {
        sk::fail("--freeze", "a new model has learned nothing yet; give --init-from, too");
    }
    LanguageModel model = given ? std::move(*given) : model_for(options, sources);
    check_neurons(model, flags);
    check_events(model, flags);
    sk::train_as(model.net, matrix_storage(options));
    check_memory(model, options);

    sk::Rng const random(static_cast<std::uint64_t>(options.seed));
    Position const start{.batches = random.split(choice_of_batches).state()};
    auto run = std::make_unique<TrainingRun>(
        folder, RunRecord{options, sources.fingerprint(), start}, std::move(model), sources);
    if (!given) {
        sk::Rng weights = random.split(initial_weights);
        sk::init_spikegpt(run->language.net, sk::find_initialisation(options.init), weights);
    }
    take_folder(*run, force);
    return run;
}

std::unique_ptr<TrainingRun> resume_run(RunFolder const& folder, TrainOptions const& given,
                                        CLI::App const& flags) {
    folder.check_has_run();
    FolderLock lock(folder.path);
    ResumeFile const file(folder);
    RunRecord record = file.record();
    record.options = continued(record.options, given, flags);
    check_processor(record.options, flags);
    check_length(record, flags);
    static_cast<void>(Course(record.options));
    check_inputs(folder, record.options, "");
    Sources const sources = sources_again(record);
    check_course(sources, record.options, flags);
    make_absolute(record.options);
    LanguageModel model = file.model();
    check_memory(model, record.options);
    auto run = std::make_unique<TrainingRun>(folder, std::move(record), std::move(model), sources);
    file.restore(run->language, *run->learner);
    check_state(*run);
    run->lock = std::move(lock);
    folder.remove_leftovers();
    if (run->record.at.step == 0) { folder.remove_older(true); }
    run->best_valid = best_bits(folder, run->record.options.eval_tokens);
    save_config(folder, run->record, run->language);
    return run;
}

}  // namespace spikegpt
