// SPDX-License-Identifier: MIT
// What `spikegpt spikes` was asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <spikelet/core/extents.hpp>

#include "model_source.hpp"

namespace spikegpt {

struct SpikesRequest {
    ModelSource model{};
    std::vector<std::string> data;
    std::optional<sk::index> ctx;
    sk::index batch = 16;
    sk::index tokens = 16384;
    std::string raster;
    bool dots = false;
    std::vector<std::string> sites;
    sk::index length = 80;
    sk::index neurons = 64;
    std::string rates;
    sk::index threads = 0;
    std::string cpu;
    bool json = false;
};

/// Adds the flags.
void declare_spikes(CLI::App& flags, SpikesRequest& request);

/// Before any work: pictures can be written, and replace neither what is read nor each other.
/// Throws Error.
void check_pictures(SpikesRequest const& request);

}  // namespace spikegpt
