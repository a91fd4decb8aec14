// SPDX-License-Identifier: MIT
// What a training run reads.
#pragma once

#include <optional>
#include <string>

#include <spikelet/io/corpus.hpp>

#include "source.hpp"
#include "train_options.hpp"

namespace spikegpt {

/// What to learn from and what to validate on.
struct Sources {
    Source train;
    std::optional<Source> valid;

    /// Opens the files of the options. Throws Error if one cannot be read or is empty.
    explicit Sources(TrainOptions const& options);

    /// A short text that differs when one of them does.
    [[nodiscard]] std::string fingerprint() const;
};

/// Ids to learn from and to validate on.
struct Corpora {
    sk::Corpus train;
    std::optional<sk::Corpus> valid;

    /// Throws Error if they do not fit the vocabulary, or are too short for a sequence, or for one
    /// in each row where the text is read in order.
    Corpora(Sources const& sources, sk::Vocabulary const& vocabulary, TrainOptions const& options);
};

}  // namespace spikegpt
