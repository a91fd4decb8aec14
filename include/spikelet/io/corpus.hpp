// SPDX-License-Identifier: MIT
// A text as a model sees it, one long sequence of ids, and the pieces of it to learn from.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/core/tokens.hpp>
#include <spikelet/io/text.hpp>
#include <spikelet/io/vocabulary.hpp>

namespace spikelet {

/// Ids to read and the ids that follow them: target[b][t] comes right after input[b][t].
struct Batch {
    Tokens input;   ///< ids [batch, time]
    Tokens target;  ///< the same shape

    friend bool operator==(Batch const&, Batch const&) = default;
};

/// A long sequence of ids. Bytes are read where the text is; characters and tokens become ids once,
/// those of each file for themselves.
///
///     Corpus train(text, Vocabulary::characters_of(text));
///     auto [input, target] = train.batch(8, 256, rng);
class Corpus {
public:
    /// Throws Error if the vocabulary has characters and the text is not UTF-8.
    Corpus(Text text, Vocabulary const& vocabulary) : name_(text.name()), byte_count_(text.size()) {
        if (vocabulary.is_bytes()) {
            bytes_ = std::move(text);
        } else if (vocabulary.size() <= 0x10000) {
            narrow_ = encoded<std::uint16_t>(text, vocabulary);
        } else {
            wide_ = encoded<std::uint32_t>(text, vocabulary);
        }
    }

    /// Ids that something else made of a text of `byte_count` bytes; `name` is for messages.
    Corpus(std::string name, std::vector<std::uint16_t> ids, index byte_count)
        : name_(std::move(name)),
          byte_count_(byte_count),
          narrow_(std::move(ids)) {}
    Corpus(std::string name, std::vector<std::uint32_t> ids, index byte_count)
        : name_(std::move(name)),
          byte_count_(byte_count),
          wide_(std::move(ids)) {}

    /// Number of ids.
    [[nodiscard]] index size() const {
        return bytes_.size() + std::ssize(narrow_) + std::ssize(wide_);
    }

    /// Number of bytes of the text, to give a loss per byte whatever an id stands for.
    [[nodiscard]] index byte_count() const { return byte_count_; }

    /// What it is called in messages.
    [[nodiscard]] std::string const& name() const { return name_; }

    /// Copies the ids from `first` on. They must be there.
    void copy(index first, std::span<std::int32_t> to) const {
        if (!narrow_.empty()) {
            copy_from(narrow_, first, to);
        } else if (!wide_.empty()) {
            copy_from(wide_, first, to);
        } else {
            bytes_.copy(first, to);
        }
    }

    /// `batch_size` pieces of `time` ids each, from anywhere with equal chance, all of input and
    /// target inside. Takes no memory when `batch` was filled with this shape before.
    /// Throws Error if the text is not longer than `time`.
    void batch(index batch_size, index time, Rng& rng, Batch& batch) const {
        if (batch_size < 1 || time < 1) {
            fail("corpus", "a batch of [" + std::to_string(batch_size) + ", " +
                               std::to_string(time) + "] ids was asked for");
        }
        if (size() - 1 < time) {
            fail("corpus", name_ + " has " + std::to_string(size()) + " ids, at least " +
                               std::to_string(time) + " + 1 are needed");
        }
        batch.input.resize(batch_size, time);
        batch.target.resize(batch_size, time);
        for (index b = 0; b < batch_size; ++b) {
            index const first = rng.below(size() - time);
            copy(first, batch.input.row(b));
            copy(first + 1, batch.target.row(b));
        }
    }
    [[nodiscard]] Batch batch(index batch_size, index time, Rng& rng) const {
        Batch made;
        batch(batch_size, time, rng, made);
        return made;
    }

    /// The ids from `first` on as a batch of one, at most `time` of them. To predict every id but
    /// the first exactly once:
    ///
    ///     for (index i = 0; i + 1 < corpus.size(); i += time) { … corpus.window(i, time) … }
    ///
    /// Throws Error if nothing follows `first`.
    void window(index first, index time, Batch& batch) const {
        if (first < 0 || time < 1 || first >= size() - 1) {
            fail("corpus", name_ + " has " + std::to_string(size()) + " ids, no window of " +
                               std::to_string(time) + " begins at " + std::to_string(first));
        }
        index const length = (std::min)(time, size() - 1 - first);
        batch.input.resize(1, length);
        batch.target.resize(1, length);
        copy(first, batch.input.ids);
        copy(first + 1, batch.target.ids);
    }
    [[nodiscard]] Batch window(index first, index time) const {
        Batch made;
        window(first, time, made);
        return made;
    }

private:
    template <class Id>
    [[nodiscard]] static std::vector<Id> encoded(Text const& text, Vocabulary const& vocabulary) {
        std::vector<Id> ids;
        for (TextPiece const& piece : text.pieces()) {
            if (vocabulary.is_characters()) { piece.check_utf8(); }
            vocabulary.encode_in_portions(piece.bytes,
                                          [&](std::span<std::int32_t const> portion, std::size_t) {
                                              for (std::int32_t const id : portion) {
                                                  ids.push_back(static_cast<Id>(id));
                                              }
                                          });
        }
        return std::vector<Id>(ids);  // no longer than it needs to be
    }

    template <class Id>
    static void copy_from(std::vector<Id> const& ids, index first, std::span<std::int32_t> to) {
        Id const* id = ids.data() + first;
        for (std::int32_t& place : to) { place = static_cast<std::int32_t>(*id++); }
    }

    std::string name_;
    index byte_count_;
    // One of them has the ids.
    Text bytes_;
    std::vector<std::uint16_t> narrow_;
    std::vector<std::uint32_t> wide_;
};

/// A text whose ids are its bytes.
///
///     ByteText text{"tinyshakespeare.txt"};
class ByteText : public Corpus {
public:
    /// The bytes of a file. Throws Error if it cannot be read.
    explicit ByteText(std::string path) : ByteText(Text(std::move(path))) {}
    explicit ByteText(Text text) : Corpus(std::move(text), Vocabulary::bytes()) {}
};

}  // namespace spikelet
