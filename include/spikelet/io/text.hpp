// SPDX-License-Identifier: MIT
// Text to train on: the bytes of one or more files, mapped, one after another as if they were one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/file.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikelet {

/// A run of memory within a text, and where it comes from.
struct TextPiece {
    std::shared_ptr<void const> owner;  ///< keeps the memory alive
    std::string source;                 ///< the file, quoted
    index offset = 0;                   ///< of the first byte in the file
    index begin = 0;                    ///< of the first byte in the text
    std::string_view bytes;             ///< the piece itself

    /// Where the next piece begins in the text.
    [[nodiscard]] index end() const { return begin + std::ssize(bytes); }

    /// Throws Error, naming the file and the byte, unless the bytes are UTF-8.
    void check_utf8() const {
        spikelet::check_utf8(source, bytes, static_cast<std::size_t>(offset));
    }
};

struct TextSplit;

/// The bytes of files. They are not copied, neither is anything when a Text is.
class Text {
public:
    Text() = default;

    /// One file. Throws Error if it cannot be read.
    explicit Text(std::string path) { append_file(std::move(path)); }

    /// Several files. Throws Error if one cannot be read.
    [[nodiscard]] static Text of_files(std::vector<std::string> const& paths) {
        Text text;
        for (std::string const& path : paths) { text.append_file(path); }
        if (paths.size() > 1) {
            text.name_ += " and " + std::to_string(paths.size() - 1) + " more";
        }
        return text;
    }

    /// Text in memory; `name` is for messages.
    [[nodiscard]] static Text of_string(std::string content, std::string_view name = "text") {
        Text text;
        auto const owner = std::make_shared<std::string const>(std::move(content));
        text.append({owner, quote(name), 0, 0, *owner});
        return text;
    }

    /// Number of bytes.
    [[nodiscard]] index size() const { return pieces_.empty() ? 0 : pieces_.back().end(); }

    /// The runs of memory in order, none of them empty.
    [[nodiscard]] std::span<TextPiece const> pieces() const { return pieces_; }

    /// What it is called in messages: the first file and how many more.
    [[nodiscard]] std::string const& name() const { return name_; }

    /// The byte at `i`, which must be there.
    [[nodiscard]] std::uint8_t operator[](index i) const {
        TextPiece const& piece = *piece_at(i);
        return static_cast<std::uint8_t>(piece.bytes[static_cast<std::size_t>(i - piece.begin)]);
    }

    /// Bytes [first, last), which must be there.
    [[nodiscard]] Text slice(index first, index last) const {
        Text text;
        for (TextPiece piece : pieces_) {
            index const from = std::clamp(first, piece.begin, piece.end());
            index const to = std::clamp(last, from, piece.end());
            piece.bytes = piece.bytes.substr(static_cast<std::size_t>(from - piece.begin),
                                             static_cast<std::size_t>(to - from));
            piece.offset += from - piece.begin;
            text.append(std::move(piece));
        }
        text.name_ =
            "bytes " + std::to_string(first) + " to " + std::to_string(last) + " of " + name_;
        return text;
    }

    /// The last `fraction` of the bytes to validate on, the rest to train on. The border does not
    /// cut a UTF-8 sequence. Throws Error unless 0 <= fraction <= 1.
    [[nodiscard]] TextSplit split(double fraction) const;

    /// Copies the bytes from `first` on as numbers; they must be there.
    void copy(index first, std::span<std::int32_t> to) const {
        for (auto piece = piece_at(first); !to.empty(); ++piece) {
            std::string_view const bytes =
                piece->bytes.substr(static_cast<std::size_t>(first - piece->begin), to.size());
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                to[i] = static_cast<unsigned char>(bytes[i]);
            }
            to = to.subspan(bytes.size());
            first = piece->end();
        }
    }

private:
    void append_file(std::string path) {
        auto const file = std::make_shared<MappedFile const>(std::move(path));
        append({file, quote(file->path()), 0, 0, file->text()});
    }

    void append(TextPiece piece) {
        if (name_.empty()) { name_ = piece.source; }
        piece.begin = size();
        if (!piece.bytes.empty()) { pieces_.push_back(std::move(piece)); }
    }

    [[nodiscard]] auto piece_at(index i) const -> std::vector<TextPiece>::const_iterator {
        return std::upper_bound(pieces_.begin(), pieces_.end(), i,
                                [](index at, TextPiece const& piece) { return at < piece.end(); });
    }

    std::vector<TextPiece> pieces_;
    std::string name_;
};

/// Two parts of a text.
struct TextSplit {
    Text train;  ///< the first part
    Text valid;  ///< the rest
};

inline TextSplit Text::split(double fraction) const {
    if (!(fraction >= 0.0 && fraction <= 1.0)) {
        fail("text",
             "the part to validate on is " + std::to_string(fraction) + ", not within 0 to 1");
    }
    auto border = size() - static_cast<index>(static_cast<double>(size()) * fraction);
    for (int i = 0; i < 3 && border < size() && ((*this)[border] & 0xc0) == 0x80; ++i) { ++border; }
    return {slice(0, border), slice(border, size())};
}

}  // namespace spikelet
