// SPDX-License-Identifier: MIT
// The flags that say how the next id is chosen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <spikelet/io/vocabulary.hpp>
#include <spikelet/models/sampling.hpp>

namespace spikegpt {

namespace sk = spikelet;

struct SamplingRequest {
    std::string rule = "usual";
    std::optional<double> temperature;  ///< none: as the rule says
    std::optional<double> top_p;        ///< none: as the rule says
    std::optional<double> newline_top_p;
    sk::index top_k = 0;
    double typical_p = 1.0;
    double min_p = 0.0;
    bool greedy = false;
    double repetition = 1.0;
    double presence = 0.0;
    double frequency = 0.0;
    std::optional<sk::index> window;  ///< none: that of --state-in, or 64
    std::vector<std::string> bias;    ///< "ID=X" or "TEXT=X"
    std::vector<std::string> ban;     ///< "ID" or "TEXT"
};

void add_sampling_flags(CLI::App& flags, SamplingRequest& request);

/// Throws CLI::ValidationError for flags that contradict each other in their values. A window
/// without a penalty is of use where a state is left for another call.
void check_together(SamplingRequest const& request, bool leaves_state);

/// What the flags say of the ids of a vocabulary. Throws CLI::ValidationError for a bias without a
/// number, Error for a text that is no id.
sk::SamplingOptions sampling_of(SamplingRequest const& request, sk::Vocabulary const& vocabulary);

}  // namespace spikegpt
