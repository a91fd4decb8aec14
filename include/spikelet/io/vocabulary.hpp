// SPDX-License-Identifier: MIT
// What the ids of a model stand for: bytes, the characters of the text it was trained on, or the
// tokens of a tokenizer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/io/text.hpp>
#include <spikelet/io/tokenizer.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikelet {

/// The symbols of a model. Bytes: the id is the value. Characters: the id is the rank of the code
/// point among those of the training text. Tokens: as the tokenizer says. Copies share it.
class Vocabulary {
public:
    /// The 256 bytes, which write any text.
    [[nodiscard]] static Vocabulary bytes() { return Vocabulary({}); }

    /// The characters of `text`. This should be the training text alone, since what else the model
    /// will read is not known when it is made. Throws Error if the text is empty or not UTF-8.
    [[nodiscard]] static Vocabulary characters_of(Text const& text) {
        std::vector<bool> seen(0x110000);
        for (TextPiece const& piece : text.pieces()) {
            piece.check_utf8();
            for_each_code_point(piece.bytes, [&](char32_t c) { seen[c] = true; });
        }
        std::vector<char32_t> symbols;
        for (char32_t c = 0; c < seen.size(); ++c) {
            if (seen[c]) { symbols.push_back(c); }
        }
        if (symbols.empty()) { fail("vocabulary", text.name() + " has no characters"); }
        return Vocabulary(std::move(symbols));
    }

    /// These characters. Throws Error unless there are some, UTF-8, in ascending order.
    [[nodiscard]] static Vocabulary of_symbols(std::string_view text) {
        check_utf8("vocabulary", text);
        std::vector<char32_t> symbols;
        for_each_code_point(text, [&](char32_t c) { symbols.push_back(c); });
        auto const disorder = std::adjacent_find(symbols.begin(), symbols.end(),
                                                 [](char32_t a, char32_t b) { return a >= b; });
        if (symbols.empty() || disorder != symbols.end()) {
            fail("vocabulary", "its symbols should be characters in ascending order");
        }
        return Vocabulary(std::move(symbols));
    }

    /// The tokens of `tokenizer`, which must be there.
    [[nodiscard]] static Vocabulary of_tokens(std::shared_ptr<Tokenizer const> tokenizer) {
        Vocabulary vocabulary({});
        vocabulary.tokenizer_ = std::move(tokenizer);
        return vocabulary;
    }

    /// The tokenizer, if ids are tokens; else null.
    [[nodiscard]] Tokenizer const* tokenizer() const { return tokenizer_.get(); }

    /// All characters by id; an empty text where ids are not characters.
    [[nodiscard]] std::string symbols() const {
        std::string text;
        for (char32_t const c : symbols_) { append_utf8(text, c); }
        return text;
    }

    /// Whether ids are bytes.
    [[nodiscard]] bool is_bytes() const { return symbols_.empty() && tokenizer_ == nullptr; }
    /// Whether ids are characters.
    [[nodiscard]] bool is_characters() const { return !symbols_.empty(); }

    /// Number of ids.
    [[nodiscard]] index size() const {
        if (tokenizer_ != nullptr) { return tokenizer_->size(); }
        return is_bytes() ? 256 : std::ssize(symbols_);
    }

    /// The id that stands between documents; only tokens may have one.
    [[nodiscard]] std::optional<std::int32_t> end_of_text() const {
        return tokenizer_ == nullptr ? std::nullopt : tokenizer_->end_of_text();
    }

    /// The id of characters that are not in the vocabulary: that of the space, or else 0. Bytes and
    /// tokens write any text.
    [[nodiscard]] std::int32_t unknown() const { return unknown_; }

    /// The ids of `text`. Where ids are characters, what is not UTF-8 is unknown.
    [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text) const {
        std::vector<std::int32_t> ids;
        encode(text, true, ids);
        return ids;
    }

    /// Appends the ids of a start of `text` and returns its length in bytes: all of the text if
    /// that `ends` here, or else as much as stays the same whatever follows, perhaps nothing.
    std::size_t encode(std::string_view text, bool ends, std::vector<std::int32_t>& ids) const {
        if (tokenizer_ != nullptr) { return tokenizer_->encode(text, ends, ids); }
        if (is_bytes()) {
            for (char const c : text) { ids.push_back(static_cast<unsigned char>(c)); }
            return text.size();
        }
        if (!ends) { text.remove_suffix(unfinished_utf8_suffix(text)); }
        for_each_code_point(text, [&](char32_t c) {
            ids.push_back(c < ascii_.size() ? ascii_[c] : rank_or(unknown_, c));
        });
        return text.size();
    }

    /// Calls f(ids, bytes) for one portion of `text` after another: the ids are those of all of it,
    /// and the portions together have its bytes. `portion` is about how many bytes each has.
    template <class F>
    void encode_in_portions(std::string_view text, F&& f, std::size_t portion = 1 << 20) const {
        std::vector<std::int32_t> ids;
        take_in_portions(text, portion, [&](std::string_view part, bool ends) {
            ids.clear();
            std::size_t const taken = encode(part, ends, ids);
            if (taken > 0) { f(std::span<std::int32_t const>(ids), taken); }
            return taken;
        });
    }

    /// The text of these ids. Any bytes may come out; `Utf8Stream` makes them printable.
    /// Throws Error for a number that is no id.
    [[nodiscard]] std::string decode(std::span<std::int32_t const> ids) const {
        std::string text;
        for (std::int32_t const id : ids) {
            if (id < 0 || id >= size()) {
                fail("vocabulary",
                     std::to_string(id) + " is not an id, there are " + std::to_string(size()));
            }
            if (tokenizer_ != nullptr) {
                text += tokenizer_->bytes_of(id);
            } else if (is_bytes()) {
                text += static_cast<char>(static_cast<unsigned char>(id));
            } else {
                append_utf8(text, symbols_[static_cast<std::size_t>(id)]);
            }
        }
        return text;
    }

    friend bool operator==(Vocabulary const& a, Vocabulary const& b) {
        if (a.symbols_ != b.symbols_) { return false; }
        if (a.tokenizer_ == nullptr || b.tokenizer_ == nullptr) {
            return a.tokenizer_ == b.tokenizer_;
        }
        return a.tokenizer_ == b.tokenizer_ || a.tokenizer_->to_json() == b.tokenizer_->to_json();
    }

private:
    explicit Vocabulary(std::vector<char32_t> symbols) : symbols_(std::move(symbols)) {
        unknown_ = is_bytes() ? std::int32_t{' '} : rank_or(0, U' ');
        for (char32_t c = 0; c < ascii_.size(); ++c) { ascii_[c] = rank_or(unknown_, c); }
    }

    [[nodiscard]] std::int32_t rank_or(std::int32_t otherwise, char32_t c) const {
        auto const place = std::lower_bound(symbols_.begin(), symbols_.end(), c);
        bool const known = place != symbols_.end() && *place == c;
        return known ? static_cast<std::int32_t>(place - symbols_.begin()) : otherwise;
    }

    std::vector<char32_t> symbols_;  // ascending; none but where ids are characters
    std::shared_ptr<Tokenizer const> tokenizer_;
    std::array<std::int32_t, 128> ascii_{};  // ids of the most frequent ones
    std::int32_t unknown_ = 0;
};

}  // namespace spikelet
