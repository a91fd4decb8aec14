// SPDX-License-Identifier: MIT
// The golden models as the program reads them: their ids get letters.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/vocabulary_json.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

#include "programs/spikegpt.hpp"

namespace spikelet_test {

/// A golden model in a file of its own, a prompt, and the text that it goes on with.
struct GoldenModel {
    std::string name;
    std::string file;
    std::string prompt;
    std::string text;
};

/// 0 is 'a', 1 is 'b', and so on.
inline std::string letters_of(std::string const& path, char const* tensor) {
    std::string letters;
    for (auto const id : spikelet::SafetensorsFile::open(path).read<std::int32_t>(tensor)) {
        letters += static_cast<char>('a' + id);
    }
    return letters;
}

/// All of them, written to `folder`.
inline std::vector<GoldenModel> golden_models(TemporaryFolder const& folder) {
    using namespace spikelet;
    std::vector<GoldenModel> models;
    for (auto const& entry :
         std::filesystem::directory_iterator(SPIKELET_SOURCE_DIR "/tests/golden")) {
        auto const weights = entry.path() / "weights.safetensors";
        if (!std::filesystem::exists(weights)) { continue; }
        auto const golden = SafetensorsFile::open(weights.string());
        SpikeGpt<> model{config_from_metadata(golden.metadata())};
        load_checkpoint(golden, model);
        std::string symbols;
        for (spikelet::index id = 0; id < model.config.vocabulary; ++id) {
            symbols += static_cast<char>('a' + id);
        }
        Metadata metadata = golden.metadata();
        metadata["vocabulary"] = to_json(Vocabulary::of_symbols(symbols));
        std::string const name = entry.path().filename().string();
        save_checkpoint(folder / name, model, metadata);
        models.push_back({name, folder / name,
                          letters_of((entry.path() / "data.safetensors").string(), "prompt"),
                          letters_of((entry.path() / "generate.safetensors").string(), "tokens")});
    }
    REQUIRE(models.size() == 9);
    return models;
}

}  // namespace spikelet_test
