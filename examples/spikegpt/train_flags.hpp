// SPDX-License-Identifier: MIT
// What is asked of spikegpt train by a flag must have an effect: else people believe it had.
#pragma once

#include <CLI/CLI.hpp>

#include "language_model.hpp"
#include "sources.hpp"
#include "train_options.hpp"

namespace spikegpt {

/// Throws Error for flags about neurons that the model does not have.
void check_neurons(LanguageModel const& language, CLI::App const& flags);

/// Throws Error for flags about events that the model does not have.
void check_events(LanguageModel const& language, CLI::App const& flags);

/// Throws Error for flags about a validation without a text, or the end of a rate that is constant.
void check_course(Sources const& sources, TrainOptions const& options, CLI::App const& flags);

}  // namespace spikegpt
