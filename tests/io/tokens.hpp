// SPDX-License-Identifier: MIT
// What tests of tokenizers share: small models, random text, and broken copies of files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/bpe_model.hpp>

namespace spikelet_test {

using Ids = std::vector<std::int32_t>;

/// Every byte by itself, then these merges of ids; id 256 is the first merge.
inline spikelet::BpeModel
bytes_with_merges(std::vector<std::pair<std::int32_t, std::int32_t>> const& merges) {
    spikelet::BpeModel model;
    for (int byte = 0; byte < 256; ++byte) {
        model.tokens.emplace_back(1, static_cast<char>(static_cast<unsigned char>(byte)));
    }
    for (auto const& [left, right] : merges) {
        model.merges.emplace_back(left, right);
        model.tokens.push_back(model.tokens[static_cast<std::size_t>(left)] +
                               model.tokens[static_cast<std::size_t>(right)]);
    }
    return model;
}

/// So many random bytes.
inline std::string random_bytes(spikelet::Rng& rng, spikelet::index size) {
    std::string bytes;
    for (spikelet::index i = 0; i < size; ++i) {
        bytes += static_cast<char>(static_cast<unsigned char>(rng.below(256)));
    }
    return bytes;
}

/// Letters, spaces, newlines, accents and broken sequences, to meet every rule of a tokenizer.
inline std::string random_text(spikelet::Rng& rng, spikelet::index parts) {
    constexpr std::string_view choice[] = {"a",
                                           "b",
                                           "ab",
                                           " ",
                                           " ",
                                           "  ",
                                           "\n",
                                           "\r\n",
                                           "'s",
                                           "'",
                                           "7",
                                           "!",
                                           "é",
                                           "e\xcc\x81",
                                           "\xcc\x81",
                                           "\xc3",
                                           "\xff",
                                           "한",
                                           "\xe1\x84\x92\xe1\x85\xa1",
                                           "😀",
                                           "\xf0\x9f",
                                           "\xc2\x85",
                                           "\xe1\xa0\x8e",
                                           "\xe3\x80\x80",
                                           "<e>"};
    std::string text;
    for (spikelet::index i = 0; i < parts; ++i) { text += choice[rng.below(std::ssize(choice))]; }
    return text;
}

/// A copy with a few bytes changed, left out, or put in twice.
inline std::string mutated(std::string text, spikelet::Rng& rng) {
    for (spikelet::index changes = 1 + rng.below(4); changes > 0 && !text.empty(); --changes) {
        auto const at = static_cast<std::size_t>(rng.below(std::ssize(text)));
        auto const length = static_cast<std::size_t>(rng.below(9));
        switch (rng.below(4)) {
        case 0:
            text[at] = static_cast<char>(static_cast<unsigned char>(rng.below(256)));
            break;
        case 1:
            text.erase(at, length);
            break;
        case 2:
            text.insert(at, text.substr(at, length));
            break;
        default:
            text.resize(at);
        }
    }
    return text;
}

}  // namespace spikelet_test
