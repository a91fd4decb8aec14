// SPDX-License-Identifier: MIT
// The files of a model case, and what they ask for.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/tokens.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

#include "conformance/cases.hpp"
#include "conformance/json.hpp"
#include "conformance/model_run.hpp"

namespace conformance {

/// A model's folder.
struct ModelFiles {
    explicit ModelFiles(std::filesystem::path const& folder)
        : path(folder),
          weights(open("weights")),
          data(open("data")),
          forward(open("forward")),
          grads(open("grads")),
          generate(open("generate")),
          adam(open(has("adam") ? "adam" : "adam_summary")) {}

    [[nodiscard]] bool has(std::string const& name) const {
        return std::filesystem::exists(path / (name + ".safetensors"));
    }
    /// Whether one of the files was opened by this name.
    [[nodiscard]] bool knows(std::string_view name) const {
        std::array const known{&weights, &data, &forward, &grads, &generate, &adam};
        return std::ranges::any_of(known, [&](auto const* file) {
            return std::filesystem::path(file->path()).filename() == name;
        });
    }
    [[nodiscard]] spikelet::SafetensorsFile open(std::string const& name) const {
        return spikelet::SafetensorsFile::open((path / (name + ".safetensors")).string());
    }

    std::filesystem::path path;
    spikelet::SafetensorsFile weights, data, forward, grads, generate, adam;
};

/// Tokens [step, B, T] of a file.
inline std::vector<spikelet::Tokens> read_tokens(spikelet::SafetensorsFile const& file,
                                                 std::string_view name) {
    auto const& shape = file.tensor(name).shape;
    if (shape.size() != 3) {
        spikelet::fail(file.path(), std::string(name) + " is not [step,B,T]");
    }
    auto const ids = file.read<std::int32_t>(name);
    std::vector<spikelet::Tokens> steps(static_cast<std::size_t>(shape[0]));
    auto next = ids.begin();
    for (spikelet::Tokens& tokens : steps) {
        tokens.resize(shape[1], shape[2]);
        std::copy_n(next, tokens.ids.size(), tokens.ids.begin());
        next += std::ssize(tokens.ids);
    }
    return steps;
}

inline spikelet::AdamOptions adam_options(std::filesystem::path const& manifest) {
    spikelet::AdamOptions options;
    with_json(manifest, [&](nlohmann::json const& json) {
        auto const& adam = json.at("adam");
        options.learning_rate = adam.at("lr");
        options.beta1 = adam.at("betas").at(0);
        options.beta2 = adam.at("betas").at(1);
        options.epsilon = adam.at("eps");
        options.clip_norm = adam.at("clip_global_norm");
    });
    return options;
}

/// What full activity of the event nodes adds to the loss; 0 where the file does not say.
inline double event_cost(spikelet::SafetensorsFile const& weights) {
    auto const found = weights.metadata().find("reg_lambda");
    return found == weights.metadata().end() ? 0.0 : std::stod(found->second);
}

/// The released script's logits behind prompt and generated tokens: this and how many layers there
/// are between its halvings, as in official_rescale6/logits.
inline constexpr std::string_view rescaled_logits = "official_rescale";

/// How many layers, for all such tensors of a file. Throws Error.
inline std::vector<index> rescaled_in(spikelet::SafetensorsFile const& file) {
    std::vector<index> found;
    for (std::string const& name : file.names()) {
        if (!name.starts_with(rescaled_logits)) { continue; }
        index layers = 0;
        auto const end = name.data() + name.size();
        auto const parsed = std::from_chars(name.data() + rescaled_logits.size(), end, layers);
        if (std::string_view(parsed.ptr, end) != "/logits" || layers < 1) {
            spikelet::fail(file.path(), spikelet::quote(name) + " is not official_rescaleN/logits");
        }
        found.push_back(layers);
    }
    return found;
}

/// What the files ask for. Throws Error.
inline ModelTask task_of(ModelFiles const& files, Options const& options) {
    ModelTask task;
    task.config = spikelet::config_from_metadata(files.weights.metadata());
    task.weights = &files.weights;
    task.tokens = read_tokens(files.data, "tokens");
    task.targets = read_tokens(files.data, "targets");
    task.prompt = files.data.read<std::int32_t>("prompt");
    task.generated = files.generate.tensor("tokens").size();
    task.rescaled = rescaled_in(files.generate);
    task.adam = adam_options(files.path / "manifest.json");
    task.event_cost = event_cost(files.weights);
    task.threads = options.threads;
    if (task.tokens.empty() || task.tokens.size() != task.targets.size()) {
        spikelet::fail(files.data.path(), "there are no tokens, or not as many targets");
    }
    return task;
}

}  // namespace conformance
