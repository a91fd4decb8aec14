// SPDX-License-Identifier: MIT
// Byte-level BPE as GPT-2 and GPT-NeoX have it. Text goes to ids in these steps:
//   1. words that are never cut, those that are looked for before normalisation
//   2. what is not UTF-8, byte by byte
//   3. Unicode's form C, if the model asks for it
//   4. words that are never cut, the others
//   5. pieces by GPT-2's pattern
//   6. each piece: its bytes, merged pair by pair
// The bytes of the ids, put together, are the text, in form C if the model asks for that. Bytes
// that the model has no id for (they do not occur in UTF-8) become U+FFFD.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/bpe_merges.hpp>
#include <spikelet/io/bpe_model.hpp>
#include <spikelet/io/byte_trie.hpp>
#include <spikelet/io/nfc.hpp>
#include <spikelet/io/text_pattern.hpp>
#include <spikelet/io/tokenizer.hpp>
#include <spikelet/io/tokenizer_json.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikelet {

/// Text to ids and back by merging pairs of bytes, as a model says.
class ByteBpe final : public Tokenizer {
public:
    /// Throws Error unless every byte of UTF-8 has an id, and every merge makes a token.
    explicit ByteBpe(BpeModel model) : model_(std::move(model)) {
        for (AddedToken const& token : model_.added) { add_word(token); }
        add_tokens();
        add_merges();
        mark_whole_tokens();
    }

    /// What it was made of.
    [[nodiscard]] BpeModel const& model() const { return model_; }

    [[nodiscard]] index size() const override { return std::ssize(model_.tokens); }

    std::size_t encode(std::string_view text, bool ends,
                       std::vector<std::int32_t>& ids) const override {
        BpeMerges::Scratch scratch;
        return cut(
            text, ends, [&](std::string_view piece) { encode_piece(piece, ids, scratch); },
            [&](std::int32_t id) { ids.push_back(id); });
    }

    /// Calls f(piece) for the pieces within which pairs merge, and returns what encode returns.
    template <class F>
    std::size_t for_each_piece(std::string_view text, bool ends, F&& f) const {
        return cut(text, ends, f, [](std::int32_t) {});
    }

    [[nodiscard]] std::string_view bytes_of(std::int32_t id) const override {
        return model_.tokens[static_cast<std::size_t>(id)];
    }

    [[nodiscard]] std::optional<std::int32_t> end_of_text() const override {
        auto const found = std::ranges::find(model_.added, std::string_view(end_of_text_word),
                                             &AddedToken::content);
        return found == model_.added.end() ? std::nullopt : std::optional(found->id);
    }

    [[nodiscard]] std::string to_json() const override {
        return R"({"kind":"bpe","tokenizer":)" + tokenizer_json(model_) + "}";
    }

private:
    struct Token {
        std::int32_t id;
        bool whole;  // its bytes, merged, make this id
    };
    static constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

    void add_word(AddedToken const& token) {
        std::string memory;
        bool const as_text = token.normalized && model_.nfc;
        auto const content = as_text ? to_nfc(token.content, memory) : token.content;
        (token.normalized ? words_ : raw_words_).add(content, token.id);
        bool const has_space = content.find_first_of(" \n") != content.npos;
        bool const has_other = content.find_first_not_of(" \n") != content.npos;
        if (has_space && has_other) { may_cut_ = false; }
    }

    // Words that are never cut are nothing that merges make.
    void add_tokens() {
        std::vector<bool> added(model_.tokens.size());
        for (AddedToken const& token : model_.added) {
            added[static_cast<std::size_t>(token.id)] = true;
        }
        byte_ids_.fill(-1);
        for (std::size_t i = 0; i < model_.tokens.size(); ++i) {
            std::string_view const bytes = model_.tokens[i];
            if (added[i] || bytes.empty()) { continue; }
            auto const id = static_cast<std::int32_t>(i);
            tokens_.insert_or_assign(bytes, Token{id, false});
            if (bytes.size() == 1) { byte_ids_[static_cast<unsigned char>(bytes.front())] = id; }
        }
        for (unsigned byte = 0; byte < 0xf5; ++byte) {
            if (byte_ids_[byte] < 0 && byte != 0xc0 && byte != 0xc1) {
                fail("tokenizer", "the byte " + std::to_string(byte) + " has no id");
            }
        }
    }

    void add_merges() {
        std::int32_t rank = 0;
        for (auto const& [left, right] : model_.merges) {
            auto const joined = std::string(bytes_of(left)).append(bytes_of(right));
            auto const made = tokens_.find(joined);
            if (made == tokens_.end()) {
                fail("tokenizer", "merge " + std::to_string(rank) + " makes " + quote(joined) +
                                      ", which has no id");
            }
            merges_.add(left, right, {rank++, made->second.id});
        }
    }

    void mark_whole_tokens() {
        std::vector<std::int32_t> ids;
        BpeMerges::Scratch scratch;
        for (auto& [bytes, token] : tokens_) {
            if (!has_ids(bytes)) { continue; }
            ids.clear();
            merge(bytes, ids, scratch);
            token.whole = ids.size() == 1 && ids.front() == token.id;
        }
    }

    [[nodiscard]] std::int32_t id_of(char c) const {
        return byte_ids_[static_cast<unsigned char>(c)];
    }
    [[nodiscard]] bool has_ids(std::string_view bytes) const {
        return std::ranges::all_of(bytes, [this](char c) { return id_of(c) >= 0; });
    }

    void merge(std::string_view bytes, std::vector<std::int32_t>& ids,
               BpeMerges::Scratch& scratch) const {
        std::size_t const first = ids.size();
        for (char const c : bytes) { ids.push_back(id_of(c)); }
        merges_.apply(ids, first, scratch);
    }

    static bool begins_with_sign(std::string_view text) {
        Utf8Sequence const first = first_utf8(text);
        return first.ending == Utf8Ending::complete && is_sign(first.code_point);
    }
    static bool ends_with_sign(std::string_view text) {
        for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
            std::string_view const last = text.substr(text.size() - length);
            if (first_utf8(last).length == length && begins_with_sign(last)) { return true; }
        }
        return false;
    }
    // Neither white space nor what some count as such.
    static bool is_sign(char32_t c) {
        constexpr std::u32string_view spaces = U"\x1680\x180e\x202f\x205f\x2060\x3000\xfeff";
        bool const is_control = c <= ' ' || (c >= 0x7f && c <= 0xa0);
        bool const is_general = c >= 0x2000 && c <= 0x200f;
        return !is_control && !is_general && c != 0x2028 && c != 0x2029 &&
               spaces.find(c) == spaces.npos;
    }

    // The last place where text may be cut and have the same ids: a single space or newline between
    // two signs begins a piece, and goes together with nothing before it, in form C neither.
    [[nodiscard]] std::size_t last_cut(std::string_view text) const {
        if (!may_cut_ || text.size() < 3) { return 0; }
        for (std::size_t i = text.size() - 2; i > 0; --i) {
            bool const is_space = text[i] == ' ' || text[i] == '\n';
            if (is_space && begins_with_sign(text.substr(i + 1)) &&
                ends_with_sign(text.substr(0, i))) {
                return i;
            }
        }
        return 0;
    }

    // Steps 1 to 5: calls on_piece(bytes) and on_word(id).
    template <class OnPiece, class OnWord>
    std::size_t cut(std::string_view text, bool ends, OnPiece&& on_piece, OnWord&& on_word) const {
        std::size_t const length = ends ? text.size() : last_cut(text);
        std::string memory;
        auto const cut_text = [&](std::string_view part) {
            split_at_words(
                words_, model_.nfc ? to_nfc(part, memory) : part,
                [&](std::string_view rest) { pattern_.for_each_piece(rest, on_piece); }, on_word);
        };
        auto const cut_bytes = [&](std::string_view part) {
            while (!part.empty()) {
                std::size_t const valid = valid_utf8_prefix(part);
                cut_text(part.substr(0, valid));
                part.remove_prefix(valid);
                auto const broken = part.substr(0, first_utf8(part).length);
                if (!broken.empty()) { on_piece(has_ids(broken) ? broken : replacement); }
                part.remove_prefix(broken.size());
            }
        };
        split_at_words(raw_words_, text.substr(0, length), cut_bytes, on_word);
        return length;
    }

    void encode_piece(std::string_view piece, std::vector<std::int32_t>& ids,
                      BpeMerges::Scratch& scratch) const {
        auto const found = tokens_.find(piece);
        if (found != tokens_.end() && found->second.whole) {
            ids.push_back(found->second.id);
        } else {
            merge(piece, ids, scratch);
        }
    }

    BpeModel model_;
    std::unordered_map<std::string_view, Token> tokens_;  // keys are in model_
    std::array<std::int32_t, 256> byte_ids_{};
    BpeMerges merges_;
    ByteTrie raw_words_, words_;
    bool may_cut_ = true;
    TextPattern pattern_{gpt2_pattern()};
};

}  // namespace spikelet
