// SPDX-License-Identifier: MIT
// How a classifier learns: epoch after epoch, while it gets better on texts that it does not learn
// from.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <spikelet/train/schedule.hpp>

#include "classifier_model.hpp"
#include "classify_options.hpp"
#include "confusion.hpp"
#include "labelled_texts.hpp"
#include "processor.hpp"
#include "progress.hpp"
#include "text_batches.hpp"

namespace spikegpt {

/// Texts as ids, with the numbers of their labels.
struct Examples {
    std::vector<TextIds> texts;
    std::vector<std::int32_t> labels;
    sk::index cut = 0;  ///< texts of which only a start is read

    /// Throws Error for labels that the model does not have.
    Examples(LabelledTexts const& lines, ClassifierModel const& model);
};

/// What a classifier says of examples.
struct Verdict {
    Confusion confusion;
    double nats = 0.0;  ///< mean of -ln p of the right class
};

/// Asks an encoder of the model about all examples. Throws Error.
Verdict judge(Encoder& encoder, ClassifierModel const& model, Examples const& examples,
              sk::index batch);

class ClassifyTraining {
public:
    /// A model with its first weights, and what it learns from. Throws Error if a flag or a file
    /// does not fit, before anything is written.
    explicit ClassifyTraining(ClassifyOptions const& options);
    ClassifyTraining(ClassifyTraining const&) = delete;  // the learner knows the weights' addresses
    ClassifyTraining& operator=(ClassifyTraining const&) = delete;

    /// Until the last epoch, until patience ends, or until somebody asks to stop. The best model is
    /// written as soon as it is known. Throws Error, for example when a loss is not finite.
    void learn();

    [[nodiscard]] ClassifierModel const& model() const { return model_; }
    [[nodiscard]] Computer const& computer() const { return computer_; }
    [[nodiscard]] Examples const& train() const { return train_; }
    [[nodiscard]] Examples const& valid() const { return valid_; }
    /// Of the best epoch; nothing before the first ends.
    [[nodiscard]] std::optional<Verdict> const& best() const { return best_; }
    [[nodiscard]] sk::index best_epoch() const { return best_epoch_; }
    [[nodiscard]] sk::index epochs() const { return epoch_; }
    [[nodiscard]] double seconds() const { return watch_.seconds(); }

private:
    bool learn_epoch();
    void learn_batch(TextBatch const& batch);
    void validate();
    void show(std::size_t done, std::size_t all);

    ClassifyOptions options_;
    LabelledTexts train_lines_, valid_lines_;
    ClassifierModel model_;
    Examples train_, valid_;
    Computer computer_;
    std::unique_ptr<ClassifierLearner> learner_;
    std::unique_ptr<Encoder> encoder_;
    sk::Schedule schedule_;
    sk::Rng batches_;
    PaddedTexts padded_;
    ProgressLine progress_;
    Stopwatch watch_;
    std::optional<Verdict> best_, last_;
    sk::index step_ = 0;
    sk::index epoch_ = 0;  // that are over
    sk::index best_epoch_ = 0;
    double smooth_loss_ = 0.0;
};

}  // namespace spikegpt
