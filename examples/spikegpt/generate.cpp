// SPDX-License-Identifier: MIT
// spikegpt generate: a model writes.
#include <utility>

#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/stop_text.hpp>

#include "command.hpp"
#include "generate_request.hpp"
#include "inference.hpp"
#include "line_reader.hpp"
#include "out_file.hpp"
#include "output.hpp"
#include "processor.hpp"
#include "progress.hpp"
#include "stop.hpp"
#include "stored_model.hpp"
#include "terminal.hpp"
#include "writer.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_generate = "Lets a model write";
constexpr char const* examples_of_generate =
    "  spikegpt generate --model runs/book/model.safetensors --prompt \"It was\" --tokens 500\n"
    "  spikegpt generate --model M --temperature 0.8 --min-p 0.05 --repetition-penalty 1.1\n"
    "  spikegpt generate --model M --prompt \"Dear\" --stop \"Yours\" --samples 5 --json-lines\n"
    "  spikegpt generate --model M --greedy --raster --site blocks.1.lif2      and its spikes\n"
    "  spikegpt generate --model M --prompts questions.txt --stop $'\\n'   answers in their order\n"
    "  spikegpt generate --model M --prompt \"Dear\" --state-out letter.state\n"
    "  spikegpt generate --model M --state-in letter.state   goes on where the first one ended";

// A prompt is read this many ids at a time.
constexpr sk::index chunk = 64;

/// A text that was written.
struct Answer {
    std::string text;  ///< without the prompt
    sk::index tokens = 0;
    std::string_view ending = "tokens";  ///< as many as allowed; or "stop", "interrupt"
    double seconds = 0;
};

Json json_of(Answer const& answer, std::string const& prompt, std::optional<sk::index> seed) {
    Json object{{"prompt", prompt},
                {"text", answer.text},
                {"tokens", answer.tokens},
                {"seed", nullptr},
                {"stop", answer.ending}};
    if (seed) { object["seed"] = *seed; }
    return object;
}

void warn_of_unknown(StoredModel const& language, std::string const& prompt) {
    auto const text = sk::Text::of_string(prompt);
    if (auto const unknown = describe_unknown(*language.vocabulary, text)) {
        fmt::print(stderr, "spikegpt: prompt: {}\n", *unknown);
    }
}

// Before anything is written: the state can be saved, and replaces nothing but another state.
void check_state_out(GenerateRequest const& request) {
    std::string const& path = request.state_out;
    if (path.empty()) { return; }
    check_is_no_input("--state-out", path, {request.model.path});
    sk::FileWriter const can_be_written(path);
    check_replaces_only("--state-out", path, "state of a session", [&] {
        sk::Metadata const any_model;
        static_cast<void>(sk::load_session_state(path, any_model));
        return true;
    });
}

/// Answers prompts with one model.
class Conversation {
public:
    Conversation(StoredModel const& language, GenerateRequest const& request,
                 std::unique_ptr<Stream> stream, Output const& out)
        : language_(language),
          request_(request),
          out_(out),
          stream_(*stream),
          writer_(*language.vocabulary, sampling_of(request.sampling, *language.vocabulary),
                  request.sampling.window, std::move(stream)),
          start_(writer_.state()) {
        if (request.raster.wanted) { raster_.emplace(language, request.raster, stream_); }
        if (!request.state_in.empty()) { start_ = saved_state(); }
    }

    /// Writes every sample that this prompt begins. Chance is that of --seed for each prompt.
    void answer(std::string const& prompt) {
        warn_of_unknown(language_, prompt);
        writer_.restore(start_);
        begun_ = writer_.unfinished_character();
        writer_.read(prompt);
        sk::SessionState const read = writer_.state();
        ++prompts_;
        // The first one also when stopped meanwhile: it leaves the state behind the prompt.
        for (sk::index i = 0; i < request_.samples && (i == 0 || stop_signal() == 0); ++i) {
            writer_.restore(read);
            auto const seed = seed_of_sample(i);
            if (seed) { writer_.set_seed(static_cast<std::uint64_t>(*seed)); }
            std::string const title = request_.several() ? title_of(i, seed) : "";
            if (raster_) { show_spikes(raster_->begin(title)); }
            show(title);
            last_ = write(prompt);
            if (request_.json_lines) { out_.line(json_of(last_, prompt, seed)); }
        }
    }

    /// The text that was written last.
    [[nodiscard]] Answer const& last() const { return last_; }

    /// None where chance goes on as in --state-in.
    [[nodiscard]] std::optional<sk::index> seed_of_sample(sk::index i) const {
        if (!request_.state_in.empty() && !request_.seed) { return std::nullopt; }
        return request_.seed.value_or(42) + i;
    }

private:
    sk::SessionState saved_state() const {
        return with_weights(language_, [&](auto const& net) {
            return sk::load_session_state(request_.state_in, shortened(describe_model(language_)),
                                          net);
        });
    }

    void keep_state() {
        if (request_.state_out.empty()) { return; }
        with_weights(language_, [&](auto const& net) {
            sk::save_session_state(request_.state_out, writer_.state(),
                                   shortened(describe_model(language_)), net);
        });
    }

    [[nodiscard]] std::string title_of(sk::index i, std::optional<sk::index> seed) const {
        std::string const sample =
            request_.samples > 1 ? fmt::format(", sample {}", i + 1) : std::string();
        std::string const chance = seed ? fmt::format(", seed {}", *seed) : std::string();
        return fmt::format("--- prompt {}{}{}\n", prompts_, sample, chance);
    }

    // Objects have it all. A text among the lines of a raster could not be read: it waits.
    void show(std::string_view text) {
        if (request_.json_lines) { return; }
        if (raster_meets_text_) {
            waiting_ += text;
        } else {
            put(text);
        }
    }
    void show_waiting() {
        if (!waiting_.empty()) { put(std::exchange(waiting_, {})); }
    }

    // Spikes that cannot be shown are no error, but where they meet the text nobody reads that
    // either.
    void show_spikes(std::string const& lines) {
        if (raster_meets_text_) {
            put(lines);
        } else {
            show_to_people(lines);
        }
    }

    void put(std::string_view text) {
        try {
            out_.write(text);
        } catch (sk::Error const&) {  // a terminal that was closed, a pipe that nobody reads
            keep_state();
            throw;
        }
    }

    std::int32_t next_id() {
        std::int32_t const read = writer_.last_unread();
        std::int32_t const id = writer_.write();
        if (raster_) { show_spikes(raster_->line_of(read)); }
        return id;
    }

    Answer write(std::string const& prompt) {
        Stopwatch const watch;
        sk::Utf8Stream readable;
        sk::StopText until(request_.stops);
        Answer answer;
        show(readable.push(begun_ + prompt));
        for (; answer.tokens < request_.tokens && stop_signal() == 0 && !until.found();
             ++answer.tokens) {
            std::int32_t const id = next_id();
            std::string const piece =
                until.push(readable.push(language_.vocabulary->decode({&id, 1})));
            answer.text += piece;
            show(piece);
        }
        answer.seconds = watch.seconds();
        if (raster_) { raster_->end(); }
        keep_state();
        // A character that the text ends within may go on from the state.
        bool const goes_on = !request_.state_out.empty() && !writer_.unfinished_character().empty();
        std::string rest = until.push(goes_on ? "" : readable.flush());
        rest += until.flush();
        answer.text += rest;
        if (until.found()) {
            answer.ending = "stop";
        } else if (answer.tokens < request_.tokens) {
            answer.ending = "interrupt";
        }
        show(rest + "\n");
        show_waiting();
        return answer;
    }

    StoredModel const& language_;
    GenerateRequest const& request_;
    Output const& out_;
    Stream& stream_;  // the writer's
    Writer writer_;
    sk::SessionState start_;
    std::string begun_;  // of a character that --state-in ends within
    std::optional<LiveRaster> raster_;
    bool raster_meets_text_ = request_.raster.wanted && (request_.json || outputs_meet());
    std::string waiting_;
    sk::index prompts_ = 0;
    Answer last_;
};

std::string only_prompt(GenerateRequest const& request) {
    if (request.prompt != "-") { return request.prompt; }
    std::string text = LineReader("-").rest();
    if (text.ends_with('\n')) { text.pop_back(); }
    return text;
}

int generate(CLI::App const&, GenerateRequest const& request) {
    check_together(request);
    Output const out(request.json);
    std::optional<LineReader> prompts;
    if (!request.prompts.empty()) { prompts.emplace(request.prompts); }
    Computer const computer = choose_computer(request.cpu, request.threads);
    StoredModel language = load_stored_language(request.model);
    choose_inference(language, request.inference);
    check_state_out(request);
    Conversation conversation(language, request,
                              computer.engine().stream(language.net, chunk, computer.threads), out);
    listen_for_stop();
    if (prompts) {
        while (auto const prompt = prompts->next_line()) { conversation.answer(*prompt); }
    } else if (std::string const prompt = only_prompt(request); stop_signal() == 0) {
        conversation.answer(prompt);
        Answer const& answer = conversation.last();
        Json result{{"command", "generate"}};
        result.update(json_of(answer, prompt, conversation.seed_of_sample(0)));
        result.update({{"seconds", answer.seconds},
                       {"tokens_per_second", static_cast<double>(answer.tokens) / answer.seconds},
                       {"cpu", computer.instructions->name},
                       {"threads", computer.threads}});
        out.result(result);
    }
    return stop_signal() == 0 ? 0 : exit_code_of(stop_signal());
}

}  // namespace

void add_generate(CLI::App& program, Command& command) {
    add_command<GenerateRequest>(program, command, "generate", purpose_of_generate,
                                 examples_of_generate, declare_generate, generate);
}

}  // namespace spikegpt
