// SPDX-License-Identifier: MIT
// The learning rate over the course of training.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <string_view>

#include <spikelet/core/error.hpp>

namespace spikelet {

/// Shapes of a learning rate.
enum class Decay {
    constant,
    linear,    ///< straight down to the final rate
    cosine,    ///< half a cosine down to the final rate
    wsd,       ///< warmup, stable, decay: constant, then linear down over the last part
    official,  ///< SpikeGPT's trainer: cosine over tokens, the first step always at the peak
};

/// A learning rate as a function of progress. Progress, warmup and total share one unit: steps, or
/// tokens for `official`.
struct Schedule {
    Decay decay = Decay::cosine;
    double peak = 6e-4;
    double final = 1e-5;
    double warmup = 0;         ///< rises linearly until then
    double total = 1;          ///< is at `final` from then on
    double decay_share = 0.2;  ///< of wsd: the part of the total in which it falls; 0: it does not

    /// The rate of the step that starts after `done` units.
    [[nodiscard]] double at(double done) const {
        if (decay == Decay::official) { return official_rate(done); }
        if (done < warmup) { return peak * (done + 1) / (warmup + 1); }
        double const rest = std::max(1.0, total - warmup);
        double const p = std::clamp((done - warmup) / rest, 0.0, 1.0);
        switch (decay) {
        case Decay::linear:
            return peak + (final - peak) * p;
        case Decay::cosine:
            return final + (peak - final) * half_cosine(p);
        case Decay::wsd: {
            double const stable = 1 - decay_share;
            double const fall = p > stable ? (p - stable) / decay_share : 0.0;
            return peak + (final - peak) * fall;
        }
        default:
            return peak;
        }
    }

private:
    static double half_cosine(double p) { return 0.5 * (1 + std::cos(std::numbers::pi * p)); }

    // Spec: SpikeGPT, 5. The trainer sets the rate after each step, so the first has the peak rate
    // even where there is a warmup.
    [[nodiscard]] double official_rate(double tokens) const {
        double const f = final / peak;
        if (tokens == 0) { return peak; }
        if (tokens < warmup) { return peak * (f + (1 - f) * tokens / warmup); }
        double const p = (tokens - warmup) / std::max(1.0, total - warmup);
        return peak * ((0.5 + f / 2) + (0.5 - f / 2) * std::cos(std::numbers::pi * p));
    }
};

struct NamedDecay {
    std::string_view name;
    Decay decay;
};

inline constexpr std::array<NamedDecay, 5> decays{{
    {"constant", Decay::constant},
    {"linear", Decay::linear},
    {"cosine", Decay::cosine},
    {"wsd", Decay::wsd},
    {"official", Decay::official},
}};

/// The shape of that name. Throws Error that lists the names.
inline Decay find_decay(std::string_view name) {
    std::string known;
    for (auto const& d : decays) {
        if (d.name == name) { return d.decay; }
        known += (known.empty() ? "" : ", ") + std::string(d.name);
    }
    fail("schedule", "'" + std::string(name) + "' is not one of " + known);
}

}  // namespace spikelet
