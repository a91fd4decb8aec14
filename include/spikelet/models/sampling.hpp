// SPDX-License-Identifier: MIT
// From logits z [vocabulary] to the next token. First what LogitRules say of recent ids, biases and
// bans, then:
//   usual      p = softmax(z / temperature); top-k, typical, top-p, min-p
//   official   p = softmax(z); top-p by value, then top-k, typical, min-p; p^(1/temperature)
// each cut over what the one before has left; in the end that adds up to 1 again. The official
// order is that of sample_logits() in src/utils.py of ridgerchu/SpikeGPT, which run.py calls and
// which has none of the other cuts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/models/argmax.hpp>
#include <spikelet/models/logit_rules.hpp>
#include <spikelet/models/sampling_cuts.hpp>

namespace spikelet {

/// Which of two orders a top-p cut and a temperature have.
enum class SamplingRule {
    usual,     ///< temperature, then the cuts
    official,  ///< SpikeGPT's: top-p by value first, then other cuts, then p^(1/temperature)
};

/// A top-p of its own for whatever follows a certain id.
struct TopPAfter {
    std::int32_t id = 0;  ///< the id that came last
    double top_p = 1.0;   ///< what counts then
};

/// How to choose among tokens. The defaults draw from the softmax by either rule.
struct SamplingOptions {
    double temperature = 1.0;  ///< 0 or less takes the most likely token
    index top_k = 0;           ///< keep this many tokens, equals by rising id; 0: all
    /// Keep the most likely tokens of this total probability, at least one. From 1 on all stay, by
    /// either rule. (The official code has no such case: it compares a running sum of floats with
    /// 1, and whether rounding lifts it above decides between one token and all.)
    double top_p = 1.0;
    SamplingRule rule = SamplingRule::usual;  ///< order of cuts and temperature
    double min_p = 0.0;      ///< keep tokens of at least this share of the largest probability
    double typical_p = 1.0;  ///< keep the most typical tokens of this total probability; 1: all
    std::optional<TopPAfter> top_p_after{};  ///< none: `top_p` everywhere
    LogitRules logits{};                     ///< what is changed before anything else
};

/// What run.py of SpikeGPT samples with, for a model of characters: another top-p begins a line.
[[nodiscard]] inline SamplingOptions official_sampling_of_characters(std::int32_t newline) {
    return {.temperature = 1.5,
            .top_p = 0.7,
            .rule = SamplingRule::official,
            .top_p_after = TopPAfter{newline, 0.9}};
}

/// The same for a model of tokens: the end of a text never comes, if the vocabulary has one (token
/// 0 of run.py's).
[[nodiscard]] inline SamplingOptions
official_sampling_of_tokens(std::optional<std::int32_t> end_of_text) {
    SamplingOptions options{.temperature = 1.5, .top_p = 0.7, .rule = SamplingRule::official};
    if (end_of_text) { options.logits.banned = {*end_of_text}; }
    return options;
}

namespace detail {

inline void check_sampling(SamplingOptions const& options) {
    if (!std::isfinite(options.temperature)) {
        fail("sample", "the temperature must be a finite number");
    }
    if (!(options.top_p >= 0)) { fail("sample", "top_p must be a number of at least 0"); }
    if (options.top_k < 0) { fail("sample", "top_k must be at least 0"); }
    if (!(options.min_p >= 0 && options.min_p <= 1)) {
        fail("sample", "min_p must be a number from 0 to 1");
    }
    if (!(options.typical_p >= 0)) { fail("sample", "typical_p must be a number of at least 0"); }
    if (options.top_p_after && !(options.top_p_after->top_p >= 0)) {
        fail("sample", "the other top_p must be a number of at least 0");
    }
}

/// Throws Error unless there is a largest logit, finite, and no NaN; minus infinity never comes.
inline void check_logits(std::vector<double> const& logits) {
    if (logits.empty()) { fail("sample", "there are no logits"); }
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (std::isnan(logits[i]) || logits[i] == std::numeric_limits<double>::infinity()) {
            fail("sample", "logit " + std::to_string(i) + " of " + std::to_string(logits.size()) +
                               " is " + (std::isnan(logits[i]) ? "not a number" : "infinite"));
        }
    }
    if (!std::isfinite(*std::max_element(logits.begin(), logits.end()))) {
        fail("sample", "all logits are minus infinity");
    }
}

/// Logits as the options want them, of which at least one is finite; takes the memory of z.
inline std::vector<double> ruled_logits(std::vector<double> z, SamplingOptions const& options,
                                        RecentIds const& recent) {
    check_sampling(options);
    check_logits(z);
    apply(options.logits, recent, z);
    if (!std::isfinite(*std::max_element(z.begin(), z.end()))) {
        fail("sample", "no id is left: all are banned, or were minus infinity");
    }
    return z;
}

inline double top_p_now(SamplingOptions const& options, RecentIds const& recent) {
    auto const& other = options.top_p_after;
    return other && recent.last() == other->id ? other->top_p : options.top_p;
}

/// softmax(z / temperature); takes the memory of z.
inline std::vector<double> softmax(std::vector<double> z, double temperature) {
    double const top = *std::max_element(z.begin(), z.end());
    for (double& x : z) { x = std::exp((x - top) / temperature); }
    normalize(z);
    return z;
}

inline std::vector<double> probabilities_of(std::vector<double> z, SamplingOptions const& options,
                                            double top_p) {
    if (options.temperature <= 0) { fail("sample", "the temperature must be above 0"); }
    bool const official = options.rule == SamplingRule::official;
    auto p = softmax(std::move(z), official ? 1.0 : options.temperature);
    if (official) { keep_top_p_by_value(p, top_p); }
    keep_top_k(p, options.top_k);
    keep_typical(p, options.typical_p);
    if (!official) { keep_top_p(p, top_p); }
    keep_min_p(p, options.min_p);
    if (official) { to_power(p, 1.0 / options.temperature); }
    normalize(p);
    return p;
}

inline std::vector<double> sampling_probabilities(std::vector<double> logits,
                                                  SamplingOptions const& options,
                                                  RecentIds const& recent) {
    return probabilities_of(ruled_logits(std::move(logits), options, recent), options,
                            top_p_now(options, recent));
}

inline std::int32_t sample(std::vector<double> logits, Rng& rng, SamplingOptions const& options,
                           RecentIds const& recent) {
    auto z = ruled_logits(std::move(logits), options, recent);
    if (options.temperature <= 0) { return argmax(std::span<double const>(z)); }
    auto const p = probabilities_of(std::move(z), options, top_p_now(options, recent));
    double rest = rng.uniform();
    std::size_t last = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        if (p[i] > 0) {
            last = i;
            rest -= p[i];
            if (rest < 0) { break; }
        }
    }
    return static_cast<std::int32_t>(last);
}

}  // namespace detail

/// The probabilities [vocabulary] that sample() draws from after the ids `recent`; temperature
/// above 0. Throws Error for logits with NaN, plus infinity or nothing but minus infinity, for
/// options that are no numbers or outside of their limits, and where every token is banned.
[[nodiscard]] inline std::vector<double>
sampling_probabilities(std::span<float const> logits, SamplingOptions const& options,
                       RecentIds const& recent = RecentIds()) {
    return detail::sampling_probabilities({logits.begin(), logits.end()}, options, recent);
}
[[nodiscard]] inline std::vector<double>
sampling_probabilities(std::span<double const> logits, SamplingOptions const& options,
                       RecentIds const& recent = RecentIds()) {
    return detail::sampling_probabilities({logits.begin(), logits.end()}, options, recent);
}

/// Draws a token from logits [vocabulary], with one number of `rng`; at temperature 0 it takes the
/// first of the most likely and draws nothing. `recent` are the ids that came before, which
/// penalties and top_p_after read. Throws Error as sampling_probabilities() does.
[[nodiscard]] inline std::int32_t sample(std::span<float const> logits, Rng& rng,
                                         SamplingOptions const& options = {},
                                         RecentIds const& recent = RecentIds()) {
    return detail::sample({logits.begin(), logits.end()}, rng, options, recent);
}
[[nodiscard]] inline std::int32_t sample(std::span<double const> logits, Rng& rng,
                                         SamplingOptions const& options = {},
                                         RecentIds const& recent = RecentIds()) {
    return detail::sample({logits.begin(), logits.end()}, rng, options, recent);
}

}  // namespace spikelet
