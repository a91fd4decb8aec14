// SPDX-License-Identifier: MIT
// What the ids of a model stand for: bytes, or the characters of the text it was trained on.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/io/text.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikelet {

/// The symbols of a model. Bytes: the id is the value. Characters: the id is the rank of the code
/// point among those of the training text.
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
        auto const disorder = std::ranges::adjacent_find(symbols, std::ranges::greater_equal{});
        if (symbols.empty() || disorder != symbols.end()) {
            fail("vocabulary", "its symbols should be characters in ascending order");
        }
        return Vocabulary(std::move(symbols));
    }

    /// All characters by id; for bytes an empty text.
    [[nodiscard]] std::string symbols() const {
        std::string text;
        for (char32_t const c : symbols_) { append_utf8(text, c); }
        return text;
    }

    [[nodiscard]] bool is_bytes() const { return symbols_.empty(); }

    /// Number of ids.
    [[nodiscard]] index size() const { return is_bytes() ? 256 : std::ssize(symbols_); }

    /// The id of characters that are not in the vocabulary: that of the space, or else 0.
    [[nodiscard]] std::int32_t unknown() const { return unknown_; }

    /// Calls `f(id)` for each symbol of `text`. What is not UTF-8 is unknown, too.
    template <class F>
    void for_each_id(std::string_view text, F&& f) const {
        if (is_bytes()) {
            for (char const c : text) {
                f(static_cast<std::int32_t>(static_cast<unsigned char>(c)));
            }
        } else {
            for_each_code_point(
                text, [&](char32_t c) { f(c < ascii_.size() ? ascii_[c] : rank_or(unknown_, c)); });
        }
    }

    /// The ids of `text`.
    [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text) const {
        std::vector<std::int32_t> ids;
        ids.reserve(text.size());
        for_each_id(text, [&](std::int32_t id) { ids.push_back(id); });
        return ids;
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
            if (is_bytes()) {
                text += static_cast<char>(static_cast<unsigned char>(id));
            } else {
                append_utf8(text, symbols_[static_cast<std::size_t>(id)]);
            }
        }
        return text;
    }

    friend bool operator==(Vocabulary const&, Vocabulary const&) = default;

private:
    explicit Vocabulary(std::vector<char32_t> symbols) : symbols_(std::move(symbols)) {
        unknown_ = is_bytes() ? std::int32_t{' '} : rank_or(0, U' ');
        for (char32_t c = 0; c < ascii_.size(); ++c) { ascii_[c] = rank_or(unknown_, c); }
    }

    [[nodiscard]] std::int32_t rank_or(std::int32_t otherwise, char32_t c) const {
        auto const place = std::ranges::lower_bound(symbols_, c);
        bool const known = place != symbols_.end() && *place == c;
        return known ? static_cast<std::int32_t>(place - symbols_.begin()) : otherwise;
    }

    std::vector<char32_t> symbols_;          // ascending; none for bytes
    std::array<std::int32_t, 128> ascii_{};  // ids of the most frequent ones
    std::int32_t unknown_ = 0;
};

}  // namespace spikelet
