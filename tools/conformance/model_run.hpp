// SPDX-License-Identifier: MIT
// What a model case asks a model to do, and what comes out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <spikelet/core/tokens.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/models/spikegpt_config.hpp>
#include <spikelet/train/adam.hpp>

#include "conformance/array.hpp"

namespace conformance {

struct ModelTask {
    spikelet::SpikeGptConfig config;
    spikelet::SafetensorsFile const* weights;
    std::vector<spikelet::Tokens> tokens, targets;  ///< of each step of training
    std::vector<std::int32_t> prompt;
    index generated = 0;  ///< tokens to generate
    /// The released script's logits are asked for, with so many layers between its halvings.
    std::vector<index> rescaled;
    spikelet::AdamOptions adam;
    double event_cost = 0;  ///< what full activity adds to the loss
    int threads = 1;
};

/// Two ways to the same numbers, and in how many numbers a bit was different.
struct Identity {
    std::string name;
    index different;
};

/// Our values under the names of the case's files.
struct ModelRun {
    Arrays forward, grads, adam, generate;
    std::vector<Identity> identities;
};

/// Computes everything in T, float or double. Throws Error.
template <class T>
ModelRun run_model(ModelTask const& task);

extern template ModelRun run_model<float>(ModelTask const&);
extern template ModelRun run_model<double>(ModelTask const&);

}  // namespace conformance
