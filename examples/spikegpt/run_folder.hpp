// SPDX-License-Identifier: MIT
// The folder of a training run:
//   model.safetensors        the model as it is now
//   best-valid.safetensors   the model when it did best on the text to validate on
//   resume.safetensors       all that continuing needs, in one file: a run that is killed between
//                            two writes finds either the old state or the new one
//   config.json, metrics.csv for people and tools
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <spikelet/io/safetensors.hpp>

#include "course.hpp"
#include "engine.hpp"
#include "language_model.hpp"

namespace spikegpt {

/// Names of the files.
struct RunFolder {
    std::string path;

    [[nodiscard]] std::string model() const { return path + "/model.safetensors"; }
    [[nodiscard]] std::string best() const { return path + "/best-valid.safetensors"; }
    [[nodiscard]] std::string resume() const { return path + "/resume.safetensors"; }
    [[nodiscard]] std::string config() const { return path + "/config.json"; }
    [[nodiscard]] std::string metrics() const { return path + "/metrics.csv"; }

    [[nodiscard]] std::array<std::string, 5> files() const {
        return {resume(), model(), best(), config(), metrics()};
    }

    /// Throws Error if one of the files is there already.
    void check_free() const;

    /// Throws Error if no run is there.
    void check_has_run() const;

    /// Throws Error if one of the files is among `inputs`, which a run reads.
    void check_holds_none_of(std::vector<std::string> const& inputs) const;

    /// Throws Error.
    void make() const;

    /// Removes what an older run left, once resume.safetensors is that of a new one; if that may
    /// have gone on since then, only files from before its state. Throws Error.
    void remove_older(bool has_gone_on) const;

    /// Removes files that a run which was killed was just writing.
    void remove_leftovers() const;
};

/// What a run is, besides its weights.
struct RunRecord {
    TrainOptions options;
    std::string text;  ///< fingerprint
    Position at;
};

/// Writes resume.safetensors. Throws Error.
void save_resume(RunFolder const& folder, RunRecord const& record, LanguageModel const& language,
                 Learner& learner);

/// An open resume.safetensors.
class ResumeFile {
public:
    /// Throws Error if it is damaged.
    explicit ResumeFile(RunFolder const& folder);

    [[nodiscard]] RunRecord const& record() const { return record_; }

    /// The model without its weights, which the file has. Throws Error if it has not.
    [[nodiscard]] LanguageModel model() const;

    /// Puts weights and moments back. Throws Error.
    void restore(LanguageModel& language, Learner& learner) const;

private:
    sk::SafetensorsFile file_;
    RunRecord record_;
};

/// How well a model did on the text to validate on.
struct Validation {
    double bits_per_id;
    sk::index eval_tokens;  ///< the option of this name
};

/// Writes best-valid.safetensors: the model, `notes`, and how well it did. Throws Error.
void save_best(RunFolder const& folder, LanguageModel const& language, sk::Metadata notes,
               Validation const& validation);

/// Bits per id of the model in best-valid.safetensors; nothing where there is none, or where it was
/// measured with another --eval-tokens. Throws Error if the file is damaged.
std::optional<double> best_bits(RunFolder const& folder, sk::index eval_tokens);

/// Writes config.json: what was asked for, the model, the texts. Throws Error.
void save_config(RunFolder const& folder, RunRecord const& record, LanguageModel const& language);

}  // namespace spikegpt
