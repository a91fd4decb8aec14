// SPDX-License-Identifier: MIT
// How long a text of ids is for people: losses per byte and per character compare between models
// whose ids stand for different things.
#pragma once

#include <optional>

#include <spikelet/io/corpus.hpp>
#include <spikelet/io/vocabulary.hpp>

namespace spikegpt {

namespace sk = spikelet;

struct TextSize {
    sk::index bytes = 0;
    sk::index characters = 0;  ///< code points; where it is not UTF-8, bytes that may begin one

    /// None where there is no byte: of ids that end texts and nothing else.
    [[nodiscard]] std::optional<double> per_byte(double total) const { return share(total, bytes); }
    /// None where no character begins: in a text of one, of which the first byte is not predicted.
    [[nodiscard]] std::optional<double> per_character(double total) const {
        return share(total, characters);
    }

private:
    static std::optional<double> share(double total, sk::index count) {
        if (count == 0) { return std::nullopt; }
        return total / static_cast<double>(count);
    }
};

/// Of all ids but the first, which nothing predicts. The end of a text has neither bytes nor
/// characters.
TextSize size_of_predicted(sk::Corpus const& corpus, sk::Vocabulary const& vocabulary);

}  // namespace spikegpt
