// SPDX-License-Identifier: MIT
// Texts as ids, and batches of texts of about one length.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/vocabulary.hpp>

#include "engine.hpp"

namespace spikegpt {

/// The ids of one text.
using TextIds = std::vector<std::int32_t>;

/// Turns texts into ids for a model that reads so many of each.
class TextReader {
public:
    /// The vocabulary must outlive it.
    TextReader(sk::Vocabulary const& vocabulary, sk::index ctx)
        : vocabulary_(vocabulary),
          ctx_(ctx) {}

    /// The ids of a text with a space in front, so that its first word is the word that it is
    /// elsewhere, and no text is without ids; of long ones the first `ctx`.
    TextIds read(std::string_view text);

    /// Texts that had more ids.
    [[nodiscard]] sk::index cut() const { return cut_; }

private:
    sk::Vocabulary const& vocabulary_;
    sk::index ctx_;
    sk::index cut_ = 0;
};

/// Numbers of texts.
using TextBatch = std::vector<std::size_t>;

/// Batches of at most `size` of these texts, the shortest first: nearly nothing is filled up.
std::vector<TextBatch> batches_by_length(std::span<TextIds const> texts, sk::index size);

/// The same for learning: all texts in a random order, of which some batches at a time are sorted
/// by length, and the batches in a random order.
std::vector<TextBatch> shuffled_batches(std::span<TextIds const> texts, sk::index size,
                                        sk::Rng& random);

/// The texts of a batch, filled up. With `random`, each id is left out with the probability
/// `word_dropout`, but for the last that a text has.
void pad(std::span<TextIds const> texts, TextBatch const& batch, PaddedTexts& padded,
         double word_dropout = 0.0, sk::Rng* random = nullptr);

}  // namespace spikegpt
