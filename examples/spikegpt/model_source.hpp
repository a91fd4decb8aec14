// SPDX-License-Identifier: MIT
// Where a model comes from: a file of either format, and what its user knows of it. Files of this
// program say what they are. Official ones have tensors only: their sizes follow from these, their
// variant is for the user to know.
#pragma once

#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include <spikelet/io/checkpoint_file.hpp>

namespace spikegpt {

namespace sk = spikelet;

struct ModelSource {
    std::string path;
    std::string variant{};           ///< empty: the file says it
    std::string binary_embedding{};  ///< "on" or "off"; empty: as in the variant
};

/// Adds the flag `name` for the file, which is required, and those for what the file may not say.
void add_model_flags(CLI::App& flags, ModelSource& source, std::string const& name = "--model");

/// Adds only the flags for what the file may not say. `when` is part of their meaning.
void add_variant_flags(CLI::App& flags, ModelSource& source, std::string const& when);

/// Configuration as text by key: what the file says of itself, or what its tensors and its user
/// say. Throws Error if neither names the variant, or both do.
sk::Metadata description_of(sk::CheckpointFile const& file, ModelSource const& source);

/// Before a model is written to `out`: it is not the file that it comes from, and replaces nothing
/// but another model. Throws Error.
void check_out(std::string const& out, ModelSource const& from);

}  // namespace spikegpt
