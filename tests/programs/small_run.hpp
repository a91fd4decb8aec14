// SPDX-License-Identifier: MIT
// A run that tests start, stop and spoil.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>

#include "programs/spikegpt.hpp"

namespace spikelet_test {

/// A small text, and a folder for a run on it.
struct SmallRun {
    TemporaryFolder folder;
    std::string text = folder / "text.txt";
    std::string path = folder / "run";

    SmallRun() { write_file(text, sample_text()); }

    /// With everything that has a state of its own: dropout, accumulation, validation, decay.
    [[nodiscard]] Arguments start(std::string const& out, std::string const& steps,
                                  std::string const& save_every = "7") const {
        return Arguments{"train",   "--data",      text,    "--out",        out,   "--steps",
                         steps,     "--vocab",     "char",  "--dropout",    "0.1", "--accumulate",
                         "2",       "--optimizer", "adamw", "--eval-every", "9",   "--save-every",
                         save_every} +
               tiny;
    }
    [[nodiscard]] Arguments resume() const { return {"train", "--out", path, "--resume"}; }
};

/// Applies a JSON merge patch ("{}" changes nothing) to the entry `key` of a state's metadata, its
/// options or its position, as if a run had written it so.
inline void patch_state(std::string const& state, std::string const& key,
                        std::string const& change) {
    auto const file = spikelet::SafetensorsFile::open(state);
    auto metadata = file.metadata();
    auto json = nlohmann::json::parse(metadata.at(key));
    json.merge_patch(nlohmann::json::parse(change));
    metadata[key] = json.dump();
    spikelet::write_safetensors(state, file.tensors(), metadata);
}

/// Rewrites the best model of a run as if it had needed so many bits for an id.
inline void note_best(SmallRun const& run, std::string const& bits) {
    std::string const best = run.path + "/best-valid.safetensors";
    auto const file = spikelet::SafetensorsFile::open(best);
    auto metadata = file.metadata();
    metadata.at("valid_bits") = bits;
    spikelet::write_safetensors(best, file.tensors(), metadata);
}

}  // namespace spikelet_test
