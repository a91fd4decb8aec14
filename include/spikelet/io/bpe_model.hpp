// SPDX-License-Identifier: MIT
// A byte-level BPE as its file describes it: tokens, merges, and words that are never cut.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <spikelet/core/extents.hpp>

namespace spikelet {

/// What GPT-2 cuts text into before pairs are merged: contractions, words, numbers and other signs,
/// each with a space before it, and runs of white space. White space is spelled out, since PCRE2's
/// `\s` has U+180E, which Unicode's property has not.
[[nodiscard]] inline std::string gpt2_pattern() {
    std::string const space =
        R"(\t-\r\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f})"
        R"(\x{205f}\x{3000})";
    return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^)" + space + R"(\p{L}\p{N}]+|[)" +
           space + "]+(?![^" + space + "])|[" + space + "]+";
}

/// A word that is one id wherever it stands.
struct AddedToken {
    std::int32_t id = 0;      ///< what stands for it
    std::string content;      ///< the word itself, in UTF-8
    bool special = false;     ///< stands for something that is no text
    bool normalized = false;  ///< looked for in the text after normalisation, not before

    friend bool operator==(AddedToken const&, AddedToken const&) = default;
};

/// All that a tokenizer.json says of a byte-level BPE.
struct BpeModel {
    std::vector<std::string> tokens;  ///< bytes by id; empty: not in use
    std::vector<std::pair<std::int32_t, std::int32_t>>
        merges;                     ///< by rank; a merge joins the bytes
    std::vector<AddedToken> added;  ///< their contents are in `tokens`
    bool nfc = false;               ///< normalise text to form C

    friend bool operator==(BpeModel const&, BpeModel const&) = default;
};

}  // namespace spikelet
