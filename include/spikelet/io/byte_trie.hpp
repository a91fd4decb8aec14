// SPDX-License-Identifier: MIT
// Words by their bytes, to find the longest that a text begins with.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spikelet {

/// A tree with a node for each beginning of a word. Looking up takes as many steps as the text
/// agrees with some word.
class ByteTrie {
public:
    /// A word that was found: its id and its length in bytes, 0 if there is none.
    struct Match {
        std::int32_t id = -1;    ///< of the word; -1 if there is none
        std::size_t length = 0;  ///< in bytes
    };

    /// Adds a word, which must not be empty. A word that is there gets the new id.
    void add(std::string_view bytes, std::int32_t id) {
        std::uint64_t node = 0;
        for (char const c : bytes) {
            auto const [edge, is_new] = edges_.try_emplace(key(node, c), ids_.size());
            if (is_new) { ids_.push_back(-1); }
            node = edge->second;
        }
        ids_[node] = id;
        starts_[static_cast<unsigned char>(bytes.front())] = true;
    }

    /// The longest word that `text` begins with.
    [[nodiscard]] Match longest(std::string_view text) const {
        Match match;
        if (text.empty() || !may_start(text.front())) { return match; }
        std::uint64_t node = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            auto const edge = edges_.find(key(node, text[i]));
            if (edge == edges_.end()) { break; }
            node = edge->second;
            if (ids_[node] >= 0) { match = {ids_[node], i + 1}; }
        }
        return match;
    }

    /// Whether a word begins with this byte.
    [[nodiscard]] bool may_start(char c) const { return starts_[static_cast<unsigned char>(c)]; }

    /// Whether there are no words.
    [[nodiscard]] bool empty() const { return edges_.empty(); }

private:
    static std::uint64_t key(std::uint64_t node, char c) {
        return node << 8 | static_cast<unsigned char>(c);
    }

    std::unordered_map<std::uint64_t, std::uint64_t> edges_;  // node and byte: the node behind
    std::vector<std::int32_t> ids_ = std::vector<std::int32_t>(1, -1);  // by node; -1: no word
    std::array<bool, 256> starts_{};
};

/// Calls on_word(id) for the words in `text` from left to right, of those at one place the longest,
/// and on_rest(piece) for what lies between them.
template <class OnRest, class OnWord>
void split_at_words(ByteTrie const& words, std::string_view text, OnRest&& on_rest,
                    OnWord&& on_word) {
    std::size_t begin = 0;
    for (std::size_t i = words.empty() ? text.size() : 0; i < text.size();) {
        auto const match = words.longest(text.substr(i));
        if (match.length > 0) {
            if (i > begin) { on_rest(text.substr(begin, i - begin)); }
            on_word(match.id);
            begin = i + match.length;
        }
        i = (std::max)(i + 1, begin);
    }
    if (begin < text.size()) { on_rest(text.substr(begin)); }
}

}  // namespace spikelet
