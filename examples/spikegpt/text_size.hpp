// SPDX-License-Identifier: MIT
// How long a text of ids is for people: losses per byte and per character compare between models
// whose ids stand for different things.
#pragma once

#include <cmath>
#include <optional>

#include <spikelet/io/corpus.hpp>
#include <spikelet/io/vocabulary.hpp>

namespace spikegpt {

namespace sk = spikelet;

struct TextSize {
    sk::index bytes = 0;
    sk::index characters = 0;  ///< code points; where it is not UTF-8, bytes that may begin one

    [[nodiscard]] double per_byte(double total) const { return total / static_cast<double>(bytes); }
    /// None where no character begins: in a text of one, of which the first byte is not predicted.
    [[nodiscard]] std::optional<double> per_character(double total) const {
        if (characters == 0) { return std::nullopt; }
        return total / static_cast<double>(characters);
    }
};

/// Of all ids but the first, which nothing predicts.
TextSize size_of_predicted(sk::Corpus const& corpus, sk::Vocabulary const& vocabulary);

}  // namespace spikegpt
