// SPDX-License-Identifier: MIT
// From logits z [vocabulary] to the next token:
//   usual      p = softmax(z / temperature); top-k, then top-p over what is left
//   official   p = softmax(z); top-p by value, then top-k; p^(1/temperature)
// and what is left adds up to 1 again. The official order is that of sample_logits() in
// src/utils.py of ridgerchu/SpikeGPT, which run.py calls and which has no top-k.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/models/argmax.hpp>

namespace spikelet {

/// Which of two orders a top-p cut and a temperature have.
enum class SamplingRule {
    usual,     ///< temperature, then top-k, then top-p over what is left
    official,  ///< SpikeGPT's: top-p by value first, then top-k, then p^(1/temperature)
};

/// How to choose among tokens. The defaults draw from the softmax by either rule.
struct SamplingOptions {
    double temperature = 1.0;  ///< 0 or less takes the most likely token
    index top_k = 0;           ///< keep this many tokens, equals by rising id; 0: all
    /// Keep the most likely tokens of this total probability, at least one. From 1 on all stay, by
    /// either rule. (The official code has no such case: it compares a running sum of floats with
    /// 1, and whether rounding lifts it above decides between one token and all.)
    double top_p = 1.0;
    SamplingRule rule = SamplingRule::usual;
};

namespace detail {

inline void normalize(std::vector<double>& p) {
    double const sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& x : p) { x /= sum; }
}

/// Ids by falling probability; equals by rising id.
inline std::vector<std::size_t> ranked(std::vector<double> const& p) {
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
    return order;
}

inline std::size_t most_kept(std::vector<double> const& p, SamplingOptions const& options) {
    return options.top_k > 0 ? std::min(p.size(), static_cast<std::size_t>(options.top_k))
                             : p.size();
}

inline void keep_usual(std::vector<double>& p, SamplingOptions const& options) {
    auto const order = ranked(p);
    std::size_t keep = most_kept(p, options);
    double sum = 0;
    for (std::size_t i = 0; i < keep; ++i) { sum += p[order[i]]; }
    double within = 0;
    for (std::size_t i = 0; i < keep && options.top_p < 1.0; ++i) {
        within += p[order[i]];
        if (within >= options.top_p * sum) { keep = i + 1; }
    }
    for (std::size_t i = keep; i < order.size(); ++i) { p[order[i]] = 0; }
}

// The cut is by value: all probabilities of at least that of the first token whose running sum is
// above top_p stay. A sum below top_p < 1 by rounding alone ends with the last token, which keeps
// all.
inline void keep_official(std::vector<double>& p, SamplingOptions const& options) {
    auto const order = ranked(p);
    double cutoff = 0;
    double within = 0;
    for (std::size_t id : order) {
        within += p[id];
        if (options.top_p < 1.0 && within > options.top_p) {
            cutoff = p[id];
            break;
        }
    }
    double const top = p[order.front()];
    std::size_t const keep = most_kept(p, options);
    for (std::size_t i = 0; i < order.size(); ++i) {
        double& x = p[order[i]];
        bool const kept = x >= cutoff && i < keep;
        x = kept ? std::pow(x / top, 1.0 / options.temperature) : 0.0;
    }
}

inline void check_sampling(SamplingOptions const& options) {
    if (std::isnan(options.temperature)) { fail("sample", "the temperature is not a number"); }
    if (!(options.top_p >= 0)) { fail("sample", "top_p must be a number of at least 0"); }
    if (options.top_k < 0) { fail("sample", "top_k must be at least 0"); }
}

/// Throws Error unless there is a largest logit, finite, and no NaN; minus infinity never comes.
template <class T>
void check_logits(std::span<T const> logits) {
    if (logits.empty()) { fail("sample", "there are no logits"); }
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (std::isnan(logits[i]) || logits[i] == std::numeric_limits<T>::infinity()) {
            fail("sample", "logit " + std::to_string(i) + " of " + std::to_string(logits.size()) +
                               " is " + (std::isnan(logits[i]) ? "not a number" : "infinite"));
        }
    }
    if (!std::isfinite(logits[static_cast<std::size_t>(argmax(logits))])) {
        fail("sample", "all logits are minus infinity");
    }
}

template <class T>
std::vector<double> sampling_probabilities(std::span<T const> logits,
                                           SamplingOptions const& options) {
    check_sampling(options);
    check_logits(logits);
    if (options.temperature <= 0) { fail("sample", "the temperature must be above 0"); }
    bool const official = options.rule == SamplingRule::official;
    double const temperature = official ? 1.0 : options.temperature;
    auto const top = static_cast<double>(logits[static_cast<std::size_t>(argmax(logits))]);
    std::vector<double> p(logits.size());
    std::transform(logits.begin(), logits.end(), p.begin(),
                   [&](T z) { return std::exp((static_cast<double>(z) - top) / temperature); });
    normalize(p);
    if (official) {
        keep_official(p, options);
    } else if (options.top_k > 0 || options.top_p < 1.0) {
        keep_usual(p, options);
    }
    normalize(p);
    return p;
}

template <class T>
std::int32_t sample(std::span<T const> logits, Rng& rng, SamplingOptions const& options) {
    check_sampling(options);
    if (options.temperature <= 0) {
        check_logits(logits);
        return argmax(logits);
    }
    auto const p = sampling_probabilities(logits, options);
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

/// The probabilities [vocabulary] that sample() draws from; temperature above 0. Throws Error for
/// logits with NaN, plus infinity or nothing but minus infinity, and for options that are no
/// numbers or below their least values.
[[nodiscard]] inline std::vector<double> sampling_probabilities(std::span<float const> logits,
                                                                SamplingOptions const& options) {
    return detail::sampling_probabilities(logits, options);
}
[[nodiscard]] inline std::vector<double> sampling_probabilities(std::span<double const> logits,
                                                                SamplingOptions const& options) {
    return detail::sampling_probabilities(logits, options);
}

/// Draws a token from logits [vocabulary], with one number of `rng`; at temperature 0 it takes the
/// first of the most likely and draws nothing. Throws Error as sampling_probabilities() does.
[[nodiscard]] inline std::int32_t sample(std::span<float const> logits, Rng& rng,
                                         SamplingOptions const& options = {}) {
    return detail::sample(logits, rng, options);
}
[[nodiscard]] inline std::int32_t sample(std::span<double const> logits, Rng& rng,
                                         SamplingOptions const& options = {}) {
    return detail::sample(logits, rng, options);
}

}  // namespace spikelet
