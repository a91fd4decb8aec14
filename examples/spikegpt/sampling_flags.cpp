// SPDX-License-Identifier: MIT
#include "sampling_flags.hpp"

#include <charconv>

#include "flags.hpp"
#include "writer.hpp"

namespace spikegpt {

namespace {

constexpr struct {
    std::string_view name;
    sk::SamplingRule rule;
} rules[] = {{"usual", sk::SamplingRule::usual}, {"official", sk::SamplingRule::official}};

void add_choice_flags(CLI::App& flags, SamplingRequest& request) {
    flags
        .add_option(
            "--rule", request.rule,
            "Temperature first, or the top-p cut first and all else as in SpikeGPT's run.py")
        ->check(one_of(rules))
        ->capture_default_str();
    flags
        .add_option("--temperature", request.temperature,
                    "Below 1 safer, above 1 wilder (default 1; 1.5 by the official rule)")
        ->check(number(0, 100));
    flags
        .add_option("--top-p", request.top_p,
                    "Choose among the likeliest ids of this total probability (default 1; 0.7 by "
                    "the official rule)")
        ->check(number(0, 1));
    flags
        .add_option(
            "--newline-top-p", request.newline_top_p,
            "The same at the start of a line (default as --top-p; 0.9 by the official rule, "
            "but for tokens)")
        ->check(number(0, 1));
    flags.add_option("--top-k", request.top_k, "Choose among so many likeliest ids; 0: all")
        ->check(whole(0, 10'000'000))
        ->capture_default_str();
    flags
        .add_option("--typical-p", request.typical_p,
                    "Choose among the ids of this total probability that surprise as expected")
        ->check(number(0, 1))
        ->capture_default_str();
    flags
        .add_option("--min-p", request.min_p,
                    "Choose among ids of at least this share of the likeliest one's probability")
        ->check(number(0, 1))
        ->capture_default_str();
    auto* const greedy = flags.add_flag("--greedy", request.greedy, "Always take the likeliest id");
    for (char const* needless : {"--temperature", "--top-p", "--newline-top-p", "--top-k",
                                 "--typical-p", "--min-p", "--rule"}) {
        greedy->excludes(needless);
    }
}

void add_penalty_flags(CLI::App& flags, SamplingRequest& request) {
    flags
        .add_option("--repetition-penalty", request.repetition,
                    "Divides (or multiplies, below 0) the logits of recent ids")
        ->check(number(0.01, 100))
        ->capture_default_str();
    flags.add_option("--presence-penalty", request.presence, "Taken off the logits of recent ids")
        ->check(number(-100, 100))
        ->capture_default_str();
    flags
        .add_option("--frequency-penalty", request.frequency,
                    "Taken off the logits of recent ids for each time they came")
        ->check(number(-100, 100))
        ->capture_default_str();
    flags
        .add_option("--penalty-window", request.window,
                    "How many ids are recent, those of the prompt included\n"
                    "(default that of --state-in, or 64)")
        ->check(whole(1, most_recent_ids));
    flags
        .add_option("--logit-bias", request.bias,
                    "Added to the logit of an id, given as a number or as its text; repeatable")
        ->allow_extra_args(false)
        ->type_name("ID=X");
    flags.add_option("--ban", request.ban, "An id, or its text, that never comes; repeatable")
        ->allow_extra_args(false)
        ->type_name("ID");
}

/// The only id of a text, if it has one that stands for it.
std::optional<std::int32_t> id_of_text(std::string const& text, sk::Vocabulary const& vocabulary) {
    auto const ids = vocabulary.encode(text);
    bool const one = ids.size() == 1 && vocabulary.decode(ids) == text;
    return one ? std::optional(ids.front()) : std::nullopt;
}

/// A whole number is an id; anything else, and what stands in double quotes, is the text of one.
std::int32_t id_of(std::string_view flag, std::string text, sk::Vocabulary const& vocabulary) {
    std::int32_t id = 0;
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error == std::errc{} && rest == text.data() + text.size()) {
        if (id >= 0 && id < vocabulary.size()) { return id; }
        sk::fail(flag, fmt::format("{} is not an id, there are {}", id, vocabulary.size()));
    }
    if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    if (auto const found = id_of_text(text, vocabulary)) { return *found; }
    sk::fail(flag, sk::quote(text) + " is not the text of one id of this model");
}

std::pair<std::string, double> bias_of(std::string const& text) {
    std::size_t const equals = text.rfind('=');
    std::string const value = equals == text.npos ? "" : text.substr(equals + 1);
    auto const check = number(-1000, 1000);
    if (std::string const message = check(value); !message.empty()) {
        throw CLI::ValidationError("--logit-bias", sk::quote(text) + " should be ID=X: " + message);
    }
    return {text.substr(0, equals), std::stod(value)};
}

sk::SamplingOptions options_of_rule(SamplingRequest const& request,
                                    sk::Vocabulary const& vocabulary) {
    auto const rule = sk::detail::find_named("--rule", rules, request.rule).rule;
    if (rule == sk::SamplingRule::usual) { return {}; }
    auto const newline = id_of_text("\n", vocabulary);
    if (vocabulary.tokenizer() != nullptr) {
        return sk::official_sampling_of_tokens(vocabulary.end_of_text());
    }
    auto options = sk::official_sampling_of_characters(newline.value_or(0));
    if (!newline) { options.top_p_after.reset(); }
    return options;
}

}  // namespace

void add_sampling_flags(CLI::App& flags, SamplingRequest& request) {
    add_choice_flags(flags, request);
    add_penalty_flags(flags, request);
}

void check_together(SamplingRequest const& request, bool leaves_state) {
    bool const penalties =
        request.repetition != 1 || request.presence != 0 || request.frequency != 0;
    if (request.window && !penalties && !leaves_state) {
        throw CLI::ValidationError("--penalty-window",
                                   "there is no penalty, and no --state-out; give one");
    }
}

sk::SamplingOptions sampling_of(SamplingRequest const& request, sk::Vocabulary const& vocabulary) {
    auto options = options_of_rule(request, vocabulary);
    if (request.greedy) { options.temperature = 0; }
    if (request.temperature) { options.temperature = *request.temperature; }
    if (request.top_p) { options.top_p = *request.top_p; }
    if (request.newline_top_p) {
        auto const newline = id_of_text("\n", vocabulary);
        if (!newline) { sk::fail("--newline-top-p", "no id of this model is a newline"); }
        options.top_p_after = sk::TopPAfter{*newline, *request.newline_top_p};
    }
    options.top_k = request.top_k;
    options.typical_p = request.typical_p;
    options.min_p = request.min_p;
    options.logits.repetition = request.repetition;
    options.logits.presence = request.presence;
    options.logits.frequency = request.frequency;
    for (std::string const& text : request.bias) {
        auto const [id, value] = bias_of(text);
        options.logits.bias[id_of("--logit-bias", id, vocabulary)] = value;
    }
    for (std::string const& text : request.ban) {
        options.logits.banned.push_back(id_of("--ban", text, vocabulary));
    }
    return options;
}

}  // namespace spikegpt
