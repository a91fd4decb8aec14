// SPDX-License-Identifier: MIT
// Everything a training run is made of, put together before the first step: anew, or as it was when
// it was saved.
#pragma once

#include <memory>
#include <string>

#include "course.hpp"
#include "folder_lock.hpp"
#include "language_model.hpp"
#include "processor.hpp"
#include "run_folder.hpp"
#include "sources.hpp"

namespace spikegpt {

/// A run between two steps.
struct TrainingRun {
    RunFolder folder;
    RunRecord record;
    LanguageModel language;
    std::optional<double> best_valid;  ///< bits per id of the model in folder.best()
    Corpora corpora;
    std::optional<std::string> unknown;  ///< of the characters to validate on
    Computer computer;
    std::unique_ptr<Learner> learner;
    FolderLock lock;

    /// With weights of zero. Throws Error if the texts do not fit, or memory runs out.
    TrainingRun(RunFolder folder, RunRecord record, LanguageModel model, Sources const& sources);
    TrainingRun(TrainingRun const&) = delete;  // the learner knows the weights' addresses
    TrainingRun& operator=(TrainingRun const&) = delete;

    /// What the model's file says beside its description.
    [[nodiscard]] sk::Metadata notes() const;

    /// Saves what continuing needs, then the model. Throws Error if a weight is not finite.
    void save();

    /// Saves the model as the best so far, of so many bits per id. Throws Error.
    void save_best(double bits_per_id);
};

/// A new run. Nothing is written before all of it is known to fit. With `init_from`, the model is
/// that of a file. Throws Error, also if flags ask for what the model does not have.
std::unique_ptr<TrainingRun> begin_run(RunFolder const& folder, TrainOptions options,
                                       ModelSource const& init_from, bool force,
                                       CLI::App const& flags);

/// The run of a folder, where it was saved last. Throws Error if what is given does not agree.
std::unique_ptr<TrainingRun> resume_run(RunFolder const& folder, TrainOptions const& given,
                                        CLI::App const& flags);

}  // namespace spikegpt
