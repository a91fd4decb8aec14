// SPDX-License-Identifier: MIT
// A classifier with all that reading texts takes, in one file: weights, configuration, vocabulary,
// labels. Its tensors have the names of a language model's, but for the head.
#pragma once

#include <string>
#include <vector>

#include <spikelet/io/vocabulary.hpp>

#include "engine.hpp"
#include "language_model.hpp"

namespace spikegpt {

struct ClassifierModel {
    sk::Vocabulary vocabulary;
    std::vector<std::string> labels;
    sk::index ctx;  ///< of longer texts only so many ids are read
    Classifier net;
};

/// Writes the classifier, and `notes` beside its description, whole or not at all. Throws Error.
void save_classifier(std::string const& path, ClassifierModel const& model,
                     sk::Metadata const& notes = {});

/// True for the file of a classifier.
bool is_classifier(sk::CheckpointFile const& file);

/// Throws Error for files of other kinds, damaged ones, and those that do not fit together.
ClassifierModel load_classifier(std::string const& path);

/// Before a model learns to be written to `path`: that must be possible, and what is there must be
/// a classifier. Throws Error.
void check_classifier_out(std::string const& path);

/// The probabilities of one row of logits.
std::vector<double> probabilities(std::span<float const> logits);

}  // namespace spikegpt
