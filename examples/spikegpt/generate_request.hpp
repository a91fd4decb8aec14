// SPDX-License-Identifier: MIT
// What `spikegpt generate` was asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "live_raster.hpp"
#include "model_source.hpp"
#include "sampling_flags.hpp"

namespace spikegpt {

struct GenerateRequest {
    ModelSource model{};
    std::string inference = "trained";
    std::string prompt;   ///< "-": standard input
    std::string prompts;  ///< a file, or "-"; empty: there is only `prompt`
    sk::index samples = 1;
    sk::index tokens = 300;
    std::vector<std::string> stops;
    SamplingRequest sampling{};
    std::optional<sk::index> seed;
    std::string state_in;
    std::string state_out;
    RasterRequest raster{};
    sk::index threads = 1;
    std::string cpu;
    bool json = false;
    bool json_lines = false;

    /// True if there may be more than one answer.
    [[nodiscard]] bool several() const { return samples > 1 || !prompts.empty(); }
};

void declare_generate(CLI::App& flags, GenerateRequest& request);

/// Throws CLI::ValidationError for flags that contradict each other in their values.
void check_together(GenerateRequest const& request);

}  // namespace spikegpt
