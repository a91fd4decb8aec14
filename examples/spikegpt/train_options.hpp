// SPDX-License-Identifier: MIT
// Everything that decides what a training run does, with its defaults: one table of options makes
// the flags, the config.json, and the comparison with the run that is resumed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_init.hpp>
#include <spikelet/train/schedule.hpp>

#include "flags.hpp"
#include "json.hpp"
#include "layer_rates.hpp"
#include "limits.hpp"
#include "processor.hpp"

namespace spikegpt {

namespace sk = spikelet;

/// Options that are empty follow from others; `complete` sets them, but for the warmup.
struct TrainOptions {
    std::vector<std::string> data;
    std::string valid;
    double valid_fraction = 0.05;
    std::string vocab = "byte";

    std::string variant = "spikegpt";
    sk::index layers = 4;
    sk::index embd = 128;
    std::optional<double> threshold;
    std::optional<std::string> binary_embedding;
    bool ffn_pre = false;
    double dropout = 0.0;
    std::optional<std::string> weights;
    std::optional<std::string> head_weights;
    std::optional<sk::index> weight_group;

    sk::index ctx = 128;
    sk::index batch = 16;
    sk::index accumulate = 1;
    bool carry_state = false;
    std::string init = "C";
    std::string optimizer = "adam";
    std::optional<double> lr;
    std::optional<double> lr_final;
    std::string schedule = "cosine";
    std::optional<sk::index> warmup;
    std::optional<double> weight_decay;
    double beta1 = 0.9;
    double beta2 = 0.99;
    double epsilon = 4e-9;
    double clip = 1.0;
    double event_cost = 0.2;
    double event_ramp = 0.2;
    double threshold_rate = 0.3;
    bool bf16 = false;
    double layer_lr_decay = 1.0;
    std::optional<sk::index> freeze;
    sk::index seed = 42;

    sk::index steps = 0;
    double minutes = 0.0;
    sk::index threads = 0;
    std::string cpu;
    sk::index save_every = 250;
    sk::index eval_every = 250;
    sk::index eval_tokens = 65536;
    sk::index log_every = 1;
    bool recompute = false;
};

/// What --events stands for: costs of events that make them few or fewer.
struct EventPreset {
    std::string_view name;
    double cost;
};

inline constexpr std::array<EventPreset, 3> event_presets{
    {{"quality", 0.2}, {"balanced", 0.5}, {"sparse", 2.0}}};

/// Where neither --steps nor --minutes says how long.
inline constexpr sk::index default_steps = 2000;

/// The peak learning rate for a width: 3e-3 up to 128 channels, 6e-4 at 512, and so on; of events
/// two thirds of it.
double default_learning_rate(sk::Inputs inputs, sk::index channels);

/// Sets the options that follow from others, but for the warmup: that follows from the steps, of
/// which a resumed run may get more.
void complete(TrainOptions& options);

/// The warmup that was asked for, or the one that follows from the steps.
sk::index warmup_steps(TrainOptions const& options);

/// The model that complete options describe.
sk::SpikeGptConfig model_config(TrainOptions const& options, sk::index vocabulary);

/// What the matrices train as, by complete options. Throws Error for a group without scales.
sk::MatrixStorage matrix_storage(TrainOptions const& options);

/// Options as JSON by name.
Json to_json(TrainOptions const& options);

/// Complete options from JSON by name, which may come from anywhere. Throws Error that names an
/// option whose value is of the wrong type, or none that its flag takes.
TrainOptions options_from_json(Json const& json);

/// Adds a flag for each option.
void add_option_flags(CLI::App& flags, TrainOptions& options);

/// The options of a run that goes on: as they were, but for what is given anew and may change.
/// Throws Error that names an option which was given and must not.
TrainOptions continued(TrainOptions const& saved, TrainOptions const& given, CLI::App const& flags);

inline constexpr std::array<Choice, 2> optimizers{{{"adam"}, {"adamw"}}};

/// Calls f(name, value, meaning, check) for the options that say what is read.
template <class Options, class F>
void each_text_option(Options& o, F&& f) {
    f("data", o.data,
      "Text to learn from, several files count as one; or ids (required but with --resume)",
      anything());
    f("valid", o.valid, "Text or ids to validate on", anything());
    f("valid-fraction", o.valid_fraction,
      "Without --valid: the part of the text, at its end, to validate on", number(0, 0.9));
}

/// The same for the options that say what is trained: a resumed run must not change them.
template <class Options, class F>
void each_model_option(Options& o, F&& f) {
    f("vocab", o.vocab, "Ids stand for bytes, the characters of the text, or what a file says",
      vocabulary_name("byte", "char"));
    f("variant", o.variant, "Where spikes are", one_of(sk::variants));
    f("layers", o.layers, "Number of blocks", whole(1, 1024));
    f("embd", o.embd, "Channels", whole(1, 16384));
    f("threshold", o.threshold, "Of the neurons (default the variant's: 1, spike_driven 0.5)",
      number(-100, 100));
    f("binary-embedding", o.binary_embedding,
      "Reduce the embedding to signs (default the variant's)", one_of(switches));
    f("ffn-pre", o.ffn_pre, "The first block mixes channels twice instead of time", anything());
    f("dropout", o.dropout, "Of the residual stream after each block", number(0, 0.9));
    f("weights", o.weights, "What the matrices of the layers compute and train as (default f32)",
      one_of(sk::weight_types));
    f("head-weights", o.head_weights,
      "The same for the output matrix (default as --weights, or as in --init-from)",
      one_of(sk::weight_types));
    f("weight-group", o.weight_group,
      "Inputs that share a scale, a multiple of 64 (default 0: all)", whole(0, 1 << 24));
}

/// The same for the options that say how it is trained: a resumed run must not change them either.
template <class Options, class F>
void each_learning_option(Options& o, F&& f) {
    f("ctx", o.ctx, "Ids in a sequence", whole(1, most_ctx));
    f("batch", o.batch, "Sequences at a time", whole(1, most_batch));
    f("accumulate", o.accumulate, "Batches whose gradients make one step",
      whole(1, most_accumulate));
    f("carry-state", o.carry_state,
      "Read the text in order: a sequence starts in the state that the one before left",
      anything());
    f("init", o.init, "First weights, as PyTorch, as RWKV runs, as RWKV is written",
      one_of(sk::initialisations));
    f("optimizer", o.optimizer, "adamw decays weights apart from the gradients",
      one_of(optimizers));
    f("lr", o.lr,
      "Peak learning rate (default 3e-3 at 128 channels, 6e-4 at 512; of events 2e-3, 4e-4)",
      number(1e-12, 1e9));
    f("lr-final", o.lr_final, "Learning rate at the end (default 2 % of the peak)", number(0, 1e9));
    f("schedule", o.schedule, "The learning rate on its way down",
      one_of(sk::learning_rate_decays));
    f("warmup", o.warmup, "Steps on the way up (default 50, at most a tenth of --steps)",
      whole(0, 100'000'000));
    f("weight-decay", o.weight_decay, "Of matrices but the embedding (default 0, for adamw 0.01)",
      number(0, 10));
    f("beta1", o.beta1, "Adam's memory of the gradient", number(0, 0.99999));
    f("beta2", o.beta2, "Adam's memory of its square", number(0, 0.9999999));
    f("epsilon", o.epsilon, "Adam's smallest divisor", number(1e-30, 1));
    f("clip", o.clip, "Scale gradients down to this norm; 0: never", number(0, 1e9));
    f("event-cost", o.event_cost,
      "What the loss would grow by if all events fired; more makes them fewer", number(0, 1000));
    f("event-ramp", o.event_ramp, "Part of the training until events cost that much", number(0, 1));
    f("threshold-rate", o.threshold_rate, "Learning rate of event thresholds, in units of --lr",
      number(0, 1000));
    f("bf16", o.bf16,
      "Round the factors of dense products to bfloat16: more steps in the same time", anything());
    f("layer-lr-decay", o.layer_lr_decay, layer_lr_decay_meaning, number(0, 1));
    f("freeze", o.freeze, freeze_meaning, whole(0, 1024));
    f("seed", o.seed, "Of all random numbers", whole(0, INT64_MAX));
}

/// The same for the options that say how long and how it runs.
template <class Options, class F>
void each_run_option(Options& o, F&& f) {
    f("steps", o.steps, fmt::format("Length of training (default {})", default_steps),
      whole(1, most_steps));
    f("minutes", o.minutes, "Length of training as time", number(0.001, 1e7));
    f("threads", o.threads, threads_meaning, whole(0, most_threads));
    f("cpu", o.cpu, cpu_meaning, one_of(instruction_sets()));
    f("save-every", o.save_every, "Steps between checkpoints", whole(1, INT64_MAX));
    f("eval-every", o.eval_every, "Steps between validations", whole(1, INT64_MAX));
    f("eval-tokens", o.eval_tokens, "Ids to validate on, from the start of the text; 0: all",
      whole(0, INT64_MAX));
    f("log-every", o.log_every,
      "Steps between lines in metrics.csv, where a validation has one, too", whole(1, INT64_MAX));
    f("recompute", o.recompute, "Less memory, a third more work, the same results", anything());
}

}  // namespace spikegpt
