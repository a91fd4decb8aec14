// SPDX-License-Identifier: MIT
// From logits to the next token.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <spikelet/core/rng.hpp>

namespace spikelet {

/// Which of two orders a top-p cut and a temperature have.
enum class SamplingRule {
    usual,     ///< temperature, then top-k, then top-p over what is left
    official,  ///< SpikeGPT's run.py: top-p by value first, then p^(1/temperature) (spec: 6)
};

struct SamplingOptions {
    double temperature = 1.0;  ///< 0 takes the most likely token
    index top_k = 0;           ///< keep this many tokens; 0: all
    double top_p = 1.0;        ///< keep the most likely tokens of this total probability
    SamplingRule rule = SamplingRule::usual;
};

/// The most likely token; the first of equals.
inline std::int32_t argmax(std::span<float const> logits) {
    return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) -
                                     logits.begin());
}

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

inline void keep_usual(std::vector<double>& p, SamplingOptions const& options) {
    auto const order = ranked(p);
    std::size_t keep = options.top_k > 0
                           ? std::min(order.size(), static_cast<std::size_t>(options.top_k))
                           : order.size();
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
// above top_p stay. Where no sum is above it, only the most likely token stays.
inline void keep_official(std::vector<double>& p, SamplingOptions const& options) {
    auto const order = ranked(p);
    double const top = p[order.front()];
    double cutoff = top;
    double within = 0;
    for (std::size_t id : order) {
        within += p[id];
        if (within > options.top_p) {
            cutoff = p[id];
            break;
        }
    }
    for (double& x : p) { x = x < cutoff ? 0.0 : std::pow(x / top, 1.0 / options.temperature); }
}

}  // namespace detail

/// The probabilities that sample() draws from, [vocabulary]; temperature above 0.
inline std::vector<double> sampling_probabilities(std::span<float const> logits,
                                                  SamplingOptions const& options) {
    bool const official = options.rule == SamplingRule::official;
    double const temperature = official ? 1.0 : options.temperature;
    auto const top = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    std::vector<double> p(logits.size());
    std::transform(logits.begin(), logits.end(), p.begin(),
                   [&](float z) { return std::exp((static_cast<double>(z) - top) / temperature); });
    detail::normalize(p);
    if (official) {
        detail::keep_official(p, options);
    } else if (options.top_k > 0 || options.top_p < 1.0) {
        detail::keep_usual(p, options);
    }
    detail::normalize(p);
    return p;
}

/// Draws a token.
inline std::int32_t sample(std::span<float const> logits, Rng& rng, SamplingOptions options = {}) {
    if (options.temperature <= 0) { return argmax(logits); }
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

}  // namespace spikelet
