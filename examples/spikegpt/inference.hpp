// SPDX-License-Identifier: MIT
// What is computed with a model's weights: what they were trained as, or what the inference script
// that was released with SpikeGPT makes of them (models/spikegpt_rescale.hpp).
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "stored_model.hpp"

namespace spikegpt {

/// A flag for the name of what is computed, "trained" unless it is given.
void add_inference_flag(CLI::App& flags, std::string& name);

/// True unless it is what the weights were trained as.
inline bool is_rescaled(std::string const& name) { return name != "trained"; }

/// Throws Error where what the name says needs weights of float and the model's are not.
void check_inference(StoredModel const& model, std::string const& name);

/// Turns a model, as it was loaded, into what the name says. Whoever computes with it already must
/// be gone. Throws Error as check_inference() does.
void choose_inference(StoredModel& model, std::string const& name);

}  // namespace spikegpt
