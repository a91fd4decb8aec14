// SPDX-License-Identifier: MIT
// spikegpt eval: how well a model predicts a text, how many of its neurons fire meanwhile, and how
// much of their inputs its matrices read.
#include <map>

#include "block_name.hpp"
#include "command.hpp"
#include "determinism.hpp"
#include "evaluation.hpp"
#include "flags.hpp"
#include "inference.hpp"
#include "limits.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "source.hpp"
#include "stored_model.hpp"
#include "text_size.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_eval = "Measures how well a model predicts a text";
constexpr char const* examples_of_eval =
    "  spikegpt eval --model runs/book/model.safetensors --data test.txt\n"
    "  spikegpt eval --model M --data test.txt --ctx 512 --stride 64   more context for each\n"
    "  spikegpt eval --model M --data test.txt --mode stream           all of the text before it\n"
    "  spikegpt eval --model M --data test.txt --inference official_rescale   what that costs\n"
    "  spikegpt eval --model M --data test.txt --check-determinism     batches, streams, threads";

constexpr struct { std::string_view name; } modes[] = {{"parallel"}, {"stream"}};

struct EvalRequest {
    ModelSource model{};
    std::string inference = "trained";
    std::vector<std::string> data;
    std::optional<sk::index> ctx;
    std::optional<sk::index> stride;
    sk::index batch = 16;
    std::string mode = "parallel";
    sk::index threads = 0;
    std::string cpu;
    bool check_determinism = false;
    bool json = false;
};

void declare(CLI::App& flags, EvalRequest& request) {
    add_model_flags(flags, request.model);
    add_inference_flag(flags, request.inference);
    flags.add_option("--data", request.data, "Text to predict, several files count as one; or ids")
        ->type_name("FILE...")
        ->required();
    flags
        .add_option("--mode", request.mode,
                    "Windows that start at rest, or one pass over all of the text")
        ->check(one_of(modes))
        ->capture_default_str();
    flags
        .add_option("--ctx", request.ctx,
                    "Ids in a window; in a stream, ids at a time (default as trained, else 128)")
        ->check(whole(1, 1'000'000));
    flags
        .add_option("--stride", request.stride,
                    "Ids from one window to the next, which all have ctx - stride ids before them; "
                    "each id counts once\n(default ctx)")
        ->check(whole(1, 1'000'000));
    flags.add_option("--batch", request.batch, "Windows at a time")
        ->check(whole(1, most_batch))
        ->capture_default_str();
    flags.add_option("--threads", request.threads, threads_meaning)->check(whole(0, most_threads));
    flags.add_option("--cpu", request.cpu, cpu_meaning)->check(one_of(instruction_sets()));
    auto* const check = flags.add_flag(
        "--check-determinism", request.check_determinism,
        "Instead, read the beginning of the text, as 8 texts of --ctx ids, in several ways, and "
        "compare\nlogits, spikes and all that is between, bit for bit; short files shorten the "
        "texts");
    for (char const* other : {"--mode", "--stride", "--batch"}) { check->excludes(other); }
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

Measurement measure(Evaluator& evaluator, sk::Corpus const& text, EvalRequest const& request) {
    ProgressLine progress(2.0);
    auto const watch = [&](sk::index done, sk::index all) {
        if (progress.due()) { progress.show({{fmt::format("predicted {} of {} ids", done, all)}}); }
    };
    if (request.mode == "stream") { return evaluator.in_one_stream(text, *request.ctx, watch); }
    return evaluator.in_windows(
        text, {.ctx = *request.ctx, .stride = *request.stride, .batch = request.batch}, watch);
}

// Windows are by default those that the model was trained on.
void complete(CLI::App const& flags, EvalRequest& request) {
    for (char const* of_windows : {"--stride", "--batch"}) {
        if (request.mode == "stream" && flags.count(of_windows) > 0) {
            throw CLI::ValidationError(of_windows, "a stream has none");
        }
    }
    if (!request.ctx) { request.ctx = trained_context(request.model.path).value_or(128); }
    if (!request.stride) { request.stride = request.ctx; }
    if (*request.stride > *request.ctx) {
        throw CLI::ValidationError("--stride", fmt::format("{} is larger than --ctx, which is {}",
                                                           *request.stride, *request.ctx));
    }
}

void say_rates(sk::FiringRates const& rates, Output const& out) {
    std::vector<std::string> columns;
    std::map<sk::index, std::map<std::string, double>> table;
    for (auto const& site : rates.sites()) {
        BlockName const name(site.name);
        if (name.block < 0) {
            std::string const what = name.rest == "emb" ? "ones in" : "firing";
            out.say("{:<18} {:.4f}", what + " " + name.rest, site.rate());
            continue;
        }
        if (std::ranges::find(columns, name.rest) == columns.end()) {
            columns.push_back(name.rest);
        }
        table[name.block][name.rest] = site.rate();
    }
    if (columns.empty()) { return; }
    std::string head = "firing in layer";
    for (auto const& column : columns) { head += fmt::format(" {:>9}", column); }
    out.say("{}", head);
    for (auto const& [layer, row] : table) {
        std::string line = fmt::format("{:>15}", layer);
        for (auto const& column : columns) {
            auto const cell = row.find(column);
            line += cell == row.end() ? fmt::format(" {:>9}", "")
                                      : fmt::format(" {:>9.4f}", cell->second);
        }
        out.say("{}", line);
    }
}

/// The losses of a model, in every unit.
Json losses_of(Measurement const& sum, TextSize const& size, std::string const& symbol) {
    auto const bits_per_byte = size.per_byte(bits(sum.nats));
    Json losses{{"tokens", sum.tokens},
                {"bytes", size.bytes},
                {"characters", size.characters},
                {"nats", sum.nats},
                {"nats_per_token", sum.nats_per_token()},
                {"bpc", sum.bits_per_token()},
                {"bpc_unit", symbol}};
    if (bits_per_byte) { losses["bits_per_byte"] = *bits_per_byte; }
    if (auto const per_character = size.per_character(bits(sum.nats))) {
        losses["bits_per_character"] = *per_character;
    }
    losses["perplexity"] = sum.perplexity();
    if (bits_per_byte) { losses["byte_perplexity"] = std::exp2(*bits_per_byte); }
    return losses;
}

void say_losses(Measurement const& sum, TextSize const& size, std::string const& symbol,
                Output const& out) {
    auto const per_byte = size.per_byte(bits(sum.nats));
    out.say("tokens             {}", sum.tokens);
    out.say("nats               {:.3f}", sum.nats);
    out.say("bits per {:<9} {:.4f}", symbol, sum.bits_per_token());
    if (per_byte && symbol != "byte") { out.say("bits per byte      {:.4f}", *per_byte); }
    auto const per_character = size.per_character(bits(sum.nats));
    if (per_character && symbol != "character") {
        out.say("bits per character {:.4f}", *per_character);
    }
    out.say("perplexity         {:.4f}", sum.perplexity());
    if (per_byte && symbol != "byte") {
        out.say("per byte           {:.4f}", std::exp2(*per_byte));
    }
}

Json counts_of(Evaluator const& evaluator) {
    auto rates = Json::object();
    for (auto const& site : evaluator.rates().sites()) { rates[site.name] = site.rate(); }
    auto densities = Json::object();
    for (auto const& matrix : evaluator.density().matrices()) {
        densities[matrix.name] = matrix.density();
    }
    return {{"firing_rate", number_or_null(neuron_rate(evaluator.rates()))},
            {"firing_rates", rates},
            {"density", evaluator.density().mean()},
            {"densities", densities}};
}

void say_counts(Evaluator const& evaluator, Output const& out) {
    if (auto const rate = neuron_rate(evaluator.rates())) {
        out.say("firing neurons     {:.4f}", *rate);
    }
    out.say("active inputs      {:.4f}", evaluator.density().mean());
    say_rates(evaluator.rates(), out);
}

/// The trained function's loss, where another one was asked for; that is chosen on the way.
std::optional<double> trained_bits(StoredModel& language, sk::Corpus const& corpus,
                                   EvalRequest const& request, Computer const& computer) {
    if (!is_rescaled(request.inference)) { return std::nullopt; }
    check_inference(language, request.inference);
    double const bits = [&] {
        Evaluator evaluator(computer, language.net, {.carry_state = request.mode == "stream"});
        return measure(evaluator, corpus, request).bits_per_token();
    }();
    choose_inference(language, request.inference);
    return bits;
}

/// The beginning of the text as some texts of one length.
sk::Tokens texts_of(sk::Corpus const& corpus, sk::index longest) {
    constexpr sk::index texts = 8;
    sk::index const length = std::min(longest, corpus.size() / texts);
    if (length < 1) {
        sk::fail("eval", fmt::format("{} has {}, --check-determinism needs at least {}",
                                     corpus.name(), counted(corpus.size(), "id"), texts));
    }
    sk::Tokens tokens;
    tokens.resize(texts, length);
    corpus.copy(0, tokens.ids);
    return tokens;
}

int check_determinism(StoredModel& language, sk::Corpus const& corpus, EvalRequest const& request,
                      Computer const& computer, Output const& out) {
    choose_inference(language, request.inference);
    auto const texts = texts_of(corpus, *request.ctx);
    return say_ways(read_in_all_ways(language.net, computer, texts), texts, computer, out);
}

int eval(CLI::App const& flags, EvalRequest& request) {
    Output const out(request.json);
    Computer const computer = choose_computer(request.cpu, request.threads);
    StoredModel language = load_stored_language(request.model);
    complete(flags, request);
    Source const source(request.data);
    sk::Corpus const corpus = source.corpus(*language.vocabulary);
    if (request.check_determinism) {
        return check_determinism(language, corpus, request, computer, out);
    }
    auto const trained = trained_bits(language, corpus, request, computer);
    Evaluator evaluator(computer, language.net, {.carry_state = request.mode == "stream"});
    Measurement const sum = measure(evaluator, corpus, request);
    TextSize const size = size_of_predicted(corpus, *language.vocabulary);

    say_losses(sum, size, language.symbol(), out);
    if (trained) {
        out.say("as trained         {:.4f} bits per {}, {:+.4f} by {}", *trained, language.symbol(),
                sum.bits_per_token() - *trained, request.inference);
    }
    say_counts(evaluator, out);
    out.say("computed by        {}", computer.text());
    if (auto const unknown = source.describe_unknown(*language.vocabulary)) {
        out.say("{}", *unknown);
    }
    Json result{{"command", "eval"},
                {"mode", request.mode},
                {"inference", request.inference},
                {"ctx", *request.ctx}};
    if (request.mode != "stream") { result["stride"] = *request.stride; }
    result.update(losses_of(sum, size, language.symbol()));
    if (trained) {
        result["trained_bpc"] = *trained;
        result["bpc_difference"] = sum.bits_per_token() - *trained;
    }
    result.update(counts_of(evaluator));
    result.update({{"cpu", computer.instructions->name}, {"threads", computer.threads}});
    out.result(result);
    return 0;
}

}  // namespace

void add_eval(CLI::App& program, Command& command) {
    add_command<EvalRequest>(program, command, "eval", purpose_of_eval, examples_of_eval, declare,
                             eval);
}

}  // namespace spikegpt
