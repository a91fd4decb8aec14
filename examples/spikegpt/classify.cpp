// SPDX-License-Identifier: MIT
// spikegpt classify: a model learns to tell classes of texts apart, is tested, and is asked.
#include "classify_training.hpp"
#include "command.hpp"
#include "evaluation.hpp"
#include "flags.hpp"
#include "limits.hpp"
#include "line_reader.hpp"
#include "out_file.hpp"
#include "output.hpp"
#include "stop.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_classify = "Learns, and says, which class a text is of";

// What eval and predict have in common.
struct AskRequest {
    std::string model;
    std::string data;
    sk::index batch = 32;
    sk::index threads = 0;
    std::string cpu;
    bool json = false;
};

void declare_asking(CLI::App& flags, AskRequest& request) {
    flags.add_option("--model", request.model, "The classifier")->type_name("FILE")->required();
    flags.add_option("--batch", request.batch, "Texts at a time")
        ->check(whole(1, most_batch))
        ->capture_default_str();
    flags.add_option("--threads", request.threads, threads_meaning)->check(whole(0, most_threads));
    flags.add_option("--cpu", request.cpu, cpu_meaning)->check(one_of(instruction_sets()));
}

void declare_eval(CLI::App& flags, AskRequest& request) {
    declare_asking(flags, request);
    flags.add_option("--data", request.data, "Lines label<TAB>text")->type_name("FILE")->required();
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

void declare_predict(CLI::App& flags, AskRequest& request) {
    declare_asking(flags, request);
    request.data = "-";
    flags.add_option("--data", request.data, "A text in each line; - (default): standard input")
        ->type_name("FILE");
    flags.add_flag("--json", request.json, "A JSON object for each line");
}

// With the whole table, so only for those who ask: of many classes it is large.
Json summary(Verdict const& verdict, ClassifierModel const& model) {
    return {{"labels", model.labels},
            {"texts", verdict.confusion.total()},
            {"accuracy", verdict.confusion.accuracy()},
            {"macro_f1", verdict.confusion.macro_f1()},
            {"nats", verdict.nats},
            {"confusion", verdict.confusion.to_json()}};
}

void say(Verdict const& verdict, Output const& out) {
    out.say("accuracy  {:.4f}   of {}", verdict.confusion.accuracy(),
            counted(verdict.confusion.total(), "text"));
    out.say("macro F1  {:.4f}", verdict.confusion.macro_f1());
    out.say("nats      {:.4f}", verdict.nats);
    out.write(verdict.confusion.table());
}

void introduce(ClassifyTraining const& training, ClassifyOptions const& options,
               Output const& out) {
    ClassifierModel const& model = training.model();
    auto const& config = model.net.body.config;
    out.say("{}, {} x {}, {} weights, {} in the vocabulary", nearest_variant(config),
            counted(config.layers, "layer"), counted(config.channels, "channel"),
            count_text(static_cast<double>(sk::parameter_count(model.net))),
            counted(model.vocabulary.size(), symbol_of(model.vocabulary)));
    out.say("{} to learn from, {} to choose by, {} classes",
            counted(std::ssize(training.train().texts), "text"), training.valid().texts.size(),
            model.labels.size());
    if (sk::index const cut = training.train().cut + training.valid().cut; cut > 0) {
        out.say("{}", cut_text(cut, options.ctx));
    }
    out.say("{}", training.computer().text());
}

void check_out(ClassifyOptions const& options) {
    check_is_no_input("--out", options.out,
                      {options.data, options.valid, options.vocab, options.init_from.path});
    check_classifier_out(options.out);
}

Json result_of(ClassifyTraining const& training, ClassifyOptions const& options, bool stopped) {
    Json json{{"command", "classify train"}, {"model", options.out}};
    json.update(summary(*training.best(), training.model()));
    json.update({{"best_epoch", training.best_epoch()},
                 {"epochs", training.epochs()},
                 {"seconds", training.seconds()},
                 {"parameters", sk::parameter_count(training.model().net)},
                 {"cpu", training.computer().instructions->name},
                 {"threads", training.computer().threads},
                 {"stopped", stopped}});
    return json;
}

int train_classifier(CLI::App const& flags, ClassifyOptions& options) {
    if (!options.init_from.path.empty()) {
        if (flags.count("--variant") > 0) { options.init_from.variant = options.variant; }
        if (flags.count("--binary-embedding") > 0) {
            options.init_from.binary_embedding = options.binary_embedding;
        }
    }
    Output const out(options.json);
    check_out(options);
    ClassifyTraining training(options);
    listen_for_stop();
    introduce(training, options, out);
    training.learn();

    int const code = stop_signal() == 0 ? 0 : exit_code_of(stop_signal());
    if (!training.best()) {
        out.say("stopped before the first epoch ended; nothing is written");
        out.result({{"command", "classify train"},
                    {"model", nullptr},
                    {"epochs", 0},
                    {"seconds", training.seconds()},
                    {"stopped", true}});
        return code;
    }
    out.say("{} in {}, best after {}", counted(training.epochs(), "epoch"),
            duration_text(training.seconds()), training.best_epoch());
    say(*training.best(), out);
    out.say("{}", options.out);
    if (options.json) { out.line(result_of(training, options, code != 0)); }
    return code;
}

int evaluate_classifier(CLI::App const&, AskRequest const& request) {
    Output const out(request.json);
    Computer const computer = choose_computer(request.cpu, request.threads);
    ClassifierModel const model = load_classifier(request.model);
    Examples const examples(LabelledTexts(request.data), model);
    if (examples.cut > 0) { out.say("{}", cut_text(examples.cut, model.ctx)); }
    auto const encoder = computer.engine().encoder(model.net, computer.threads);
    sk::FiringRates rates(model.net);
    encoder->observe(&rates);
    Verdict const verdict = judge(*encoder, model, examples, request.batch);
    say(verdict, out);
    auto const rate = neuron_rate(rates);
    if (rate) { out.say("firing    {:.4f}   of the neurons", *rate); }
    if (request.json) {
        Json json{{"command", "classify eval"}, {"model", request.model}};
        json.update(summary(verdict, model));
        json["firing_rate"] = number_or_null(rate);
        out.line(json);
    }
    return 0;
}

// The line for one text.
std::string answer(ClassifierModel const& model, std::span<float const> logits, bool as_json) {
    auto const shares = probabilities(logits);
    auto const said = static_cast<std::size_t>(std::ranges::max_element(shares) - shares.begin());
    if (as_json) {
        Json of_labels = Json::object();
        for (std::size_t i = 0; i < shares.size(); ++i) { of_labels[model.labels[i]] = shares[i]; }
        Json const json{{"label", model.labels[said]}, {"probabilities", of_labels}};
        return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    std::string line = model.labels[said];
    for (std::size_t i = 0; i < shares.size(); ++i) {
        line += fmt::format("\t{}={:.4f}", model.labels[i], shares[i]);
    }
    return line + "\n";
}

// Answers texts in the order in which they come, and waits for none with an answer in hand. Throws
// Stopped if it is time to stop.
void answer_all(LineReader& lines, TextReader& reader, ClassifierModel const& model,
                Encoder& encoder, AskRequest const& request, Output const& out) {
    std::size_t const classes = model.labels.size();
    std::vector<TextIds> texts;
    PaddedTexts padded;
    auto const answer_some = [&] {
        TextBatch all;
        for (std::size_t i = 0; i < texts.size(); ++i) { all.push_back(i); }
        pad(texts, all, padded);
        auto const logits = encoder.encode(padded);
        std::string answers;
        for (std::size_t b = 0; b < texts.size(); ++b) {
            answers += answer(model, logits.subspan(b * classes, classes), request.json);
        }
        out.write(answers);
        texts.clear();
    };
    while (auto const line = lines.next_line()) {
        texts.push_back(reader.read(*line));
        if (std::ssize(texts) == request.batch || !lines.is_ready()) { answer_some(); }
    }
    if (stop_signal() != 0) { throw Stopped{}; }
    if (!texts.empty()) { answer_some(); }
}

int predict_classes(CLI::App const&, AskRequest const& request) {
    Output const out(false);
    LineReader lines(request.data);
    Computer const computer = choose_computer(request.cpu, request.threads);
    ClassifierModel const model = load_classifier(request.model);
    auto const encoder = computer.engine().encoder(model.net, computer.threads);
    TextReader reader(model.vocabulary, model.ctx);
    listen_for_stop();
    int code = 0;
    try {
        answer_all(lines, reader, model, *encoder, request, out);
    } catch (Stopped const&) {
        std::fputs("stopped; what is answered is whole\n", stderr);
        code = exit_code_of(stop_signal());
    }
    if (reader.cut() > 0) { fmt::print(stderr, "{}\n", cut_text(reader.cut(), model.ctx)); }
    return code;
}

}  // namespace

void add_classify(CLI::App& program, Command& command) {
    auto* const classify = program.add_subcommand("classify", purpose_of_classify);
    classify->require_subcommand(0, 1);
    classify->footer("Each has more to say: spikegpt classify train --help");
    add_command<ClassifyOptions>(
        *classify, command, "train", "Learns from lines label<TAB>text",
        "  spikegpt classify train --data train.tsv --valid valid.tsv --out m.safetensors\n"
        "  spikegpt classify train --data train.tsv --valid valid.tsv --out m.safetensors\n"
        "      --init-from runs/book/best-valid.safetensors --lr 3e-4 --layer-lr-decay 0.7",
        add_classify_flags, train_classifier);
    add_command<AskRequest>(*classify, command, "eval", "Measures how often a classifier is right",
                            "  spikegpt classify eval --model m.safetensors --data test.tsv",
                            declare_eval, evaluate_classifier);
    add_command<AskRequest>(
        *classify, command, "predict", "Says which class each line of a text is of",
        "  spikegpt classify predict --model m.safetensors --data lines.txt\n"
        "  echo 'a gripping film' | spikegpt classify predict --model m.safetensors --json",
        declare_predict, predict_classes);
}

}  // namespace spikegpt
