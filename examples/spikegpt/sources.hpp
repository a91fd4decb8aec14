// SPDX-License-Identifier: MIT
// The texts of a training run.
#pragma once

#include <optional>
#include <string>

#include <spikelet/io/corpus.hpp>

#include "train_options.hpp"

namespace spikegpt {

/// Text to learn from and text to validate on, not yet turned into ids.
struct Sources {
    sk::Text train;
    std::optional<sk::Text> valid;

    /// Opens the files of the options. Throws Error if one cannot be read or has no text.
    explicit Sources(TrainOptions const& options);

    /// A short text that differs when a text does. Of large texts it reads samples only.
    [[nodiscard]] std::string fingerprint() const;
};

/// Ids to learn from and to validate on.
struct Corpora {
    sk::Corpus train;
    std::optional<sk::Corpus> valid;

    /// Throws Error if the texts do not fit the vocabulary, or are too short for a sequence.
    Corpora(Sources const& sources, sk::Vocabulary const& vocabulary, sk::index ctx);
};

}  // namespace spikegpt
