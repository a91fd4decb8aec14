// SPDX-License-Identifier: MIT
// The learning rate over the course of training.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

#include <spikelet/core/named.hpp>

namespace spikelet {

/// How a learning rate goes down; weights and WKV have decays of their own.
enum class LearningRateDecay {
    constant,
    linear,    ///< straight down to the final rate
    cosine,    ///< half a cosine down to the final rate
    wsd,       ///< warmup, stable, decay (Hu et al., arXiv 2404.06395), linear in the last part
    official,  ///< SpikeGPT's src/trainer.py: cosine over tokens, the first step at the peak
};

/// A learning rate as a function of progress. Progress, warmup and total share one unit: steps, or
/// tokens for `official`. The defaults of the rates are those of SpikeGPT's train.py.
struct Schedule {
    LearningRateDecay decay = LearningRateDecay::cosine;  ///< how it falls
    double peak = 6e-4;                                   ///< the highest rate
    double final = 1e-5;                                  ///< the last rate
    double warmup = 0;                                    ///< rises linearly until then
    double total = 1;                                     ///< is at `final` from then on
    double decay_share = 0.2;  ///< of wsd: the part of the total in which it falls; 0: it does not

    /// The rate of the step that starts after `done` units.
    [[nodiscard]] double at(double done) const {
        if (decay == LearningRateDecay::official) { return official_rate(done); }
        if (done < warmup) { return peak * (done + 1) / (warmup + 1); }
        double const rest = (std::max)(1.0, total - warmup);
        double const p = std::clamp((done - warmup) / rest, 0.0, 1.0);
        switch (decay) {
        case LearningRateDecay::linear:
            return peak + (final - peak) * p;
        case LearningRateDecay::cosine:
            return final + (peak - final) * half_cosine(p);
        case LearningRateDecay::wsd: {
            double const share = std::clamp(decay_share, 0.0, 1.0);
            double const fall = p > 1 - share ? (p - (1 - share)) / share : 0.0;
            return peak + (final - peak) * fall;
        }
        default:
            return peak;
        }
    }

private:
    static double half_cosine(double p) { return 0.5 * (1 + std::cos(std::numbers::pi * p)); }

    // src/trainer.py of ridgerchu/SpikeGPT sets the rate after each step, so the first has the peak
    // rate even where there is a warmup. There the cosine goes on past the end, and the rate rises.
    [[nodiscard]] double official_rate(double tokens) const {
        if (tokens == 0) { return peak; }
        if (tokens < warmup) { return final + (peak - final) * tokens / warmup; }
        double const p = (std::min)(1.0, (tokens - warmup) / (std::max)(1.0, total - warmup));
        return final + (peak - final) * half_cosine(p);
    }
};

/// A decay with a name.
struct NamedLearningRateDecay {
    std::string_view name;    ///< "cosine", say
    LearningRateDecay decay;  ///< its value
};

/// The names, for programs.
inline constexpr std::array<NamedLearningRateDecay, 5> learning_rate_decays{{
    {"constant", LearningRateDecay::constant},
    {"linear", LearningRateDecay::linear},
    {"cosine", LearningRateDecay::cosine},
    {"wsd", LearningRateDecay::wsd},
    {"official", LearningRateDecay::official},
}};

/// The decay of that name. Throws Error that lists the names.
inline LearningRateDecay find_learning_rate_decay(std::string_view name) {
    return detail::find_named("schedule", learning_rate_decays, name).decay;
}

}  // namespace spikelet
