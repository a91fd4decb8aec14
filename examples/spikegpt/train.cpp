// SPDX-License-Identifier: MIT
// spikegpt train: a model learns to predict a text.
#include <algorithm>

#include <fmt/core.h>

#include "command.hpp"
#include "memory.hpp"
#include "output.hpp"
#include "stop.hpp"
#include "stored_model.hpp"
#include "trainer.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_train = "Trains a model on text";
constexpr char const* examples_of_train =
    "  spikegpt train --data book.txt --out runs/book --minutes 3\n"
    "  spikegpt train --data a.txt b.txt --valid c.txt --out runs/abc --variant spike_driven\n"
    "      --size 46m --ctx 1024 --batch 4 --steps 20000\n"
    "  spikegpt train --out runs/abc --resume                 after Ctrl-C, or a power cut\n"
    "  spikegpt train --out runs/abc --resume --steps 30000   further than was planned";

struct TrainRequest {
    TrainOptions options;
    std::string out;
    std::string init_from;
    bool resume = false;
    bool force = false;
    bool json = false;
};

void declare(CLI::App& flags, TrainRequest& request) {
    add_option_flags(flags, request.options);
    flags.get_option("--data")->type_name("FILE...");
    flags.get_option("--valid")->type_name("FILE");
    flags.add_option("--out", request.out, "Folder of the run")
        ->type_name("DIR")
        ->required()
        ->group("Run");
    flags.add_flag("--resume", request.resume, "Go on with the run in that folder")->group("Run");
    flags.add_flag("--force", request.force, "Replace the run in that folder")
        ->group("Run")
        ->excludes("--resume");
    auto* const init_from =
        flags.add_option("--init-from", request.init_from,
                         "Model to start from, .safetensors or .pth, instead of --init; "
                         "--variant is then of a file that does not say");
    init_from->type_name("MODEL")->group("Learning")->excludes("--resume");
    for (char const* decided : {"--vocab", "--size", "--layers", "--embd", "--threshold",
                                "--ffn-pre", "--dropout", "--init"}) {
        init_from->excludes(decided);
    }
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

/// How many ids it is validated on: the whole text, or the beginning of a long one.
sk::index valid_tokens(TrainingRun const& run) {
    sk::index const all = run.corpora.valid->size() - 1;  // the first one is not predicted
    sk::index const limit = run.record.options.eval_tokens;
    return limit == 0 ? all : std::min(limit, all);
}

std::string of_valid_text(TrainingRun const& run) {
    sk::index const some = valid_tokens(run), all = run.corpora.valid->size();
    return some + 1 < all ? fmt::format("the first {} of {}", some, all)
                          : fmt::format("all {}", all);
}

void introduce(TrainingRun const& run, Output const& out) {
    TrainOptions const& options = run.record.options;
    LanguageModel const& language = run.language;
    out.say("{}, {} x {}, {} weights, {} in the vocabulary", options.variant,
            counted(options.layers, "layer"), counted(options.embd, "channel"),
            count_text(static_cast<double>(sk::parameter_count(language.net))),
            counted(language.vocabulary.size(), language.symbol()));
    out.say("{} to learn from, {} to validate on",
            counted(run.corpora.train.size(), language.symbol()),
            run.corpora.valid ? of_valid_text(run) : "0");
    if (auto const& trains_as = language.net.config.trains_as; !trains_as.plain()) {
        out.say("matrices train as {}", text_of(trains_as));
    }
    auto const memory = training_memory(
        language.net, {.batch = options.batch, .ctx = options.ctx, .recompute = options.recompute});
    out.say("about {} of memory", bytes_text(memory.total()));
    out.say("{}", run.computer.text());
    if (run.unknown) { out.say("text to validate on: {}", *run.unknown); }
    if (run.record.at.step > 0) {
        bool const more = Course(options).goes_on(run.record.at);
        out.say("goes on after step {}{}", run.record.at.step,
                more ? "" : ", which was the last; --steps or --minutes makes the run longer");
    }
}

Json summary(TrainingRun const& run, Trainer const& trainer) {
    auto const or_null = [](std::optional<double> const& x) { return x ? Json(*x) : Json(); };
    Position const& at = run.record.at;
    auto const& last = trainer.last_report();
    Json json{{"command", "train"},    {"model", run.folder.model()},
              {"step", at.step},       {"tokens", at.tokens},
              {"seconds", at.seconds}, {"parameters", sk::parameter_count(run.language.net)}};
    json["loss"] = last ? Json(last->loss) : Json();
    json["bpc"] = last ? Json(bits(last->loss)) : Json();
    json["valid_bpc"] = or_null(trainer.validated());
    json["best_valid_bpc"] = or_null(run.best_valid);
    json["valid_tokens"] = run.corpora.valid ? Json(valid_tokens(run)) : Json();
    json["bpc_unit"] = run.language.symbol();
    json["cpu"] = run.computer.instructions->name;
    json["threads"] = run.computer.threads;
    json["stopped"] = stop_signal() != 0;
    return json;
}

void conclude(TrainingRun const& run, Trainer const& trainer, Output const& out) {
    Position const& at = run.record.at;
    out.say("{}, {} tokens, {}", counted(at.step, "step"),
            count_text(static_cast<double>(at.tokens)), duration_text(at.seconds));
    if (auto const& bits = trainer.validated()) {
        std::string const best =
            run.best_valid ? fmt::format(", at best {:.4f}", *run.best_valid) : "";
        out.say("validation, {}: {:.4f} bits per {}{}", of_valid_text(run), *bits,
                run.language.symbol(), best);
    }
    if (stop_signal() != 0) {
        out.say("stopped and saved; to go on: spikegpt train --out {} --resume",
                shell_word(run.folder.path));
    }
    out.say("{}", run.folder.model());
}

// The model to start from. What an official file does not say, the flags for new models do.
ModelSource source_of(CLI::App const& flags, TrainRequest const& request) {
    ModelSource source{request.init_from};
    if (flags.count("--variant") > 0) { source.variant = request.options.variant; }
    source.binary_embedding = request.options.binary_embedding.value_or("");
    return source;
}

int train(CLI::App const& flags, TrainRequest& request) {
    if (request.options.data.empty() && !request.resume) { throw CLI::RequiredError("--data"); }
    Output const out(request.json);
    RunFolder const folder{request.out};
    auto const run = request.resume ? resume_run(folder, request.options, flags)
                                    : begin_run(folder, request.options, source_of(flags, request),
                                                request.force, flags);
    introduce(*run, out);

    listen_for_stop();
    Trainer trainer(*run);
    trainer.learn();

    try {
        conclude(*run, trainer, out);
        out.result(summary(*run, trainer));
    } catch (sk::Error const&) {  // Ctrl-C ends the other programs of a pipeline, too
        if (stop_signal() == 0) { throw; }
    }
    return stop_signal() == 0 ? 0 : exit_code_of(stop_signal());
}

}  // namespace

void add_train(CLI::App& program, Command& command) {
    add_command<TrainRequest>(program, command, "train", purpose_of_train, examples_of_train,
                              declare, train);
}

}  // namespace spikegpt
