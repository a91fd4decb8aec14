// SPDX-License-Identifier: MIT
// spikegpt generate: a model writes.
#include <filesystem>

#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/session_state.hpp>
#include <spikelet/models/sampling.hpp>

#include "command.hpp"
#include "flags.hpp"
#include "output.hpp"
#include "processor.hpp"
#include "progress.hpp"
#include "stop.hpp"
#include "stored_model.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_generate = "Lets a model write";
constexpr char const* examples_of_generate =
    "  spikegpt generate --model runs/book/model.safetensors --prompt \"It was\" --tokens 500\n"
    "  spikegpt generate --model M --temperature 0.8 --top-p 0.9 --seed 7\n"
    "  spikegpt generate --model M --prompt \"Dear\" --state-out letter.state\n"
    "  spikegpt generate --model M --state-in letter.state   goes on where the first one ended";

// A prompt is read this many ids at a time.
constexpr sk::index chunk = 64;

constexpr struct {
    std::string_view name;
    sk::SamplingRule rule;
} rules[] = {{"usual", sk::SamplingRule::usual}, {"official", sk::SamplingRule::official}};

struct GenerateRequest {
    ModelSource model{};
    std::string prompt;
    sk::index tokens = 300;
    sk::SamplingOptions sampling{};
    std::string rule = "usual";
    bool greedy = false;
    std::optional<sk::index> seed;
    std::string state_in;
    std::string state_out;
    sk::index threads = 1;
    std::string cpu;
    bool json = false;
};

void declare(CLI::App& flags, GenerateRequest& request) {
    add_model_flags(flags, request.model);
    flags.add_option("--prompt", request.prompt, "What the text begins with");
    flags.add_option("--tokens", request.tokens, "How many ids to write")
        ->check(whole(0, 1'000'000'000'000))
        ->capture_default_str();
    flags
        .add_option("--temperature", request.sampling.temperature, "Below 1 safer, above 1 wilder")
        ->check(number(0, 100))
        ->capture_default_str();
    flags
        .add_option("--top-p", request.sampling.top_p,
                    "Choose among the likeliest ids of this total probability")
        ->check(number(0, 1))
        ->capture_default_str();
    flags
        .add_option("--top-k", request.sampling.top_k, "Choose among so many likeliest ids; 0: all")
        ->check(whole(0, 10'000'000))
        ->capture_default_str();
    flags
        .add_option("--rule", request.rule,
                    "Temperature first, or the top-p cut first as in SpikeGPT's run.py")
        ->check(one_of(rules))
        ->capture_default_str();
    auto* const greedy = flags.add_flag("--greedy", request.greedy, "Always take the likeliest id");
    for (char const* needless : {"--temperature", "--top-p", "--top-k", "--rule"}) {
        greedy->excludes(needless);
    }
    flags
        .add_option("--seed", request.seed,
                    "Of the choices (default 42, or those of --state-in go on)")
        ->check(whole(0, INT64_MAX));
    flags.add_option("--state-in", request.state_in, "Go on from this state")->type_name("FILE");
    flags.add_option("--state-out", request.state_out, "Leave the state here")->type_name("FILE");
    flags
        .add_option("--threads", request.threads,
                    "Threads to compute with; more may help a large model, and slow a small one")
        ->check(whole(1, 1024))
        ->capture_default_str();
    flags.add_option("--cpu", request.cpu, cpu_meaning)->check(one_of(instruction_sets()));
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

/// A model that reads and writes, one id after another.
class Writer {
public:
    Writer(StoredModel const& language, GenerateRequest const& request,
           std::unique_ptr<Stream> stream)
        : language_(language),
          sampling_(sampling_of(request)),
          random_(static_cast<std::uint64_t>(request.seed.value_or(42))),
          stream_(std::move(stream)) {
        if (!request.state_in.empty()) { restore(request); }
        auto const prompt = language.vocabulary->encode(request.prompt);
        unread_.insert(unread_.end(), prompt.begin(), prompt.end());
        if (unread_.empty()) { unread_ = language.vocabulary->encode("\n"); }
    }

    /// The next id, which the stream reads only when it is asked for another.
    std::int32_t write() {
        unread_ = {sk::sample(stream_->feed(unread_), random_, sampling_)};
        return unread_.front();
    }

    /// Everything that writing on needs.
    sk::SessionState state() {
        if (unread_.size() > 1) {
            stream_->feed(std::span(unread_).first(unread_.size() - 1));
            unread_.erase(unread_.begin(), unread_.end() - 1);
        }
        auto const numbers = stream_->state();
        return {{numbers.begin(), numbers.end()}, unread_, random_.state()};
    }

private:
    static sk::SamplingOptions sampling_of(GenerateRequest const& request) {
        sk::SamplingOptions sampling = request.sampling;
        if (request.greedy) { sampling.temperature = 0; }
        sampling.rule = sk::detail::find_named("--rule", rules, request.rule).rule;
        return sampling;
    }

    void restore(GenerateRequest const& request) {
        auto const saved = with_weights(language_, [&](auto const& net) {
            return sk::load_session_state(request.state_in, shortened(describe_model(language_)),
                                          net);
        });
        stream_->restore(saved.numbers);
        unread_ = saved.unread;
        if (!request.seed) { random_ = sk::Rng(saved.random); }
    }

    StoredModel const& language_;
    sk::SamplingOptions sampling_;
    sk::Rng random_;
    std::unique_ptr<Stream> stream_;
    std::vector<std::int32_t> unread_;
};

void warn_of_unknown(StoredModel const& language, std::string const& prompt) {
    auto const text = sk::Text::of_string(prompt);
    if (auto const unknown = describe_unknown(*language.vocabulary, text)) {
        fmt::print(stderr, "spikegpt: prompt: {}\n", *unknown);
    }
}

// Before anything is written: the state can be saved, and replaces nothing but another state.
void check_state_out(GenerateRequest const& request) {
    std::string const& path = request.state_out;
    std::error_code ignored;
    if (std::filesystem::equivalent(path, request.model.path, ignored)) {
        sk::fail("--state-out", sk::quote(path) + " is the model");
    }
    sk::FileWriter const trial(path);  // never committed
    if (!std::filesystem::exists(path)) { return; }
    try {
        sk::Metadata const any_model;
        static_cast<void>(sk::load_session_state(path, any_model));
    } catch (sk::Error const&) {
        sk::fail("--state-out", sk::quote(path) +
                                    " is there already, and not the state of a session that could "
                                    "be replaced; give another name");
    }
}

int generate(CLI::App const&, GenerateRequest const& request) {
    Output const out(request.json);
    Computer const computer = choose_computer(request.cpu, request.threads);
    StoredModel const language = load_stored_language(request.model);
    if (!request.state_out.empty()) { check_state_out(request); }
    Writer writer(language, request,
                  computer.engine().stream(language.net, chunk, computer.threads));
    warn_of_unknown(language, request.prompt);

    listen_for_stop();
    out.write(request.prompt);
    Stopwatch const watch;
    sk::Utf8Stream readable;
    std::string text;
    sk::index written = 0;
    auto const keep_state = [&] {
        if (request.state_out.empty()) { return; }
        with_weights(language, [&](auto const& net) {
            sk::save_session_state(request.state_out, writer.state(),
                                   shortened(describe_model(language)), net);
        });
    };
    for (; written < request.tokens && stop_signal() == 0; ++written) {
        std::int32_t const id = writer.write();
        std::string const piece = readable.push(language.vocabulary->decode({&id, 1}));
        text += piece;
        try {
            out.write(piece);
        } catch (sk::Error const&) {  // a terminal that was closed, a pipe that nobody reads
            keep_state();
            throw;
        }
    }
    double const seconds = watch.seconds();
    keep_state();
    std::string const rest = readable.flush();
    out.write(rest + "\n");
    out.result({{"command", "generate"},
                {"prompt", request.prompt},
                {"text", text + rest},
                {"tokens", written},
                {"seconds", seconds},
                {"tokens_per_second", static_cast<double>(written) / seconds},
                {"cpu", computer.instructions->name},
                {"threads", computer.threads}});
    return stop_signal() == 0 ? 0 : exit_code_of(stop_signal());
}

}  // namespace

void add_generate(CLI::App& program, Command& command) {
    add_command<GenerateRequest>(program, command, "generate", purpose_of_generate,
                                 examples_of_generate, declare, generate);
}

}  // namespace spikegpt
