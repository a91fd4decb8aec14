// SPDX-License-Identifier: MIT
#include "source.hpp"

#include <algorithm>

#include <fmt/core.h>

#include <spikelet/io/checksum.hpp>

#include "language_model.hpp"
#include "output.hpp"

namespace spikegpt {

namespace {

// Texts of up to 16 MiB are read whole, of others this many blocks.
constexpr sk::index block_ids = 4096;
constexpr sk::index most_blocks = 4096;

// Calls f(first, last) for the blocks to read of so many things.
template <class F>
void each_sample(sk::index size, F&& f) {
    sk::index const blocks = (size + block_ids - 1) / block_ids;
    sk::index const taken = std::min(blocks, most_blocks);
    for (sk::index i = 0; i < taken; ++i) {
        sk::index const first = blocks * i / taken * block_ids;
        f(first, std::min(first + block_ids, size));
    }
}

bool is_of_ids(std::string const& path) { return path.ends_with(".bin") || path.ends_with(".idx"); }

// How many bytes each id stands for.
std::vector<sk::index> bytes_by_id(sk::Vocabulary const& vocabulary) {
    std::vector<sk::index> bytes;
    for (std::int32_t id = 0; id < vocabulary.size(); ++id) {
        bytes.push_back(std::ssize(vocabulary.decode({&id, 1})));
    }
    return bytes;
}

}  // namespace

Source::Source(std::vector<std::string> const& paths) {
    if (std::ranges::none_of(paths, is_of_ids)) {
        text_ = sk::Text::of_files(paths);
        name_ = text_.name();
        return;
    }
    if (paths.size() > 1) {
        sk::fail("--data", "of files with ids, .bin or .idx, there can be only one");
    }
    ids_ = std::make_shared<sk::Binidx const>(paths.front());
    last_ = ids_->size();
    name_ = sk::quote(ids_->path());
}

sk::index Source::size() const { return ids_ ? last_ - first_ : text_.size(); }

SourceSplit Source::split(double fraction) const {
    SourceSplit parts{*this, *this};
    if (ids_) {
        auto const valid = static_cast<sk::index>(static_cast<double>(size()) * fraction);
        parts.train.last_ = parts.valid.first_ = last_ - valid;
        parts.train.name_ = fmt::format("ids {} to {} of {}", first_, last_ - valid, name_);
        parts.valid.name_ = fmt::format("ids {} to {} of {}", last_ - valid, last_, name_);
    } else {
        auto texts = text_.split(fraction);
        parts.train.name_ = texts.train.name();
        parts.valid.name_ = texts.valid.name();
        parts.train.text_ = std::move(texts.train);
        parts.valid.text_ = std::move(texts.valid);
    }
    return parts;
}

// Calls f(id) for all of them in order.
template <class F>
void Source::for_each_id(F&& f) const {
    sk::index at = 0;
    for (sk::index i = 0; i < ids_->sequences() && at < last_; ++i) {
        sk::index const end = at + ids_->length(i);
        if (end > first_) {
            ids_->for_each_id(i, [&](std::int32_t id) {
                if (at >= first_ && at < last_) { f(id); }
                ++at;
            });
        }
        at = end;
    }
}

std::string Source::fingerprint() const {
    sk::Checksum sum;
    if (ids_) {
        for (auto const bytes : {ids_->bin_bytes(), ids_->idx_bytes()}) {
            each_sample(std::ssize(bytes), [&](sk::index first, sk::index last) {
                sum.add(bytes.subspan(static_cast<std::size_t>(first),
                                      static_cast<std::size_t>(last - first)));
            });
        }
        return fmt::format("ids {} to {}, checksum {}", first_, last_, sum.text());
    }
    each_sample(text_.size(), [&](sk::index first, sk::index last) {
        auto const part = text_.slice(first, last);
        for (sk::TextPiece const& piece : part.pieces()) {
            sum.add(std::as_bytes(std::span(piece.bytes)));
        }
    });
    return fmt::format("{} bytes, checksum {}", text_.size(), sum.text());
}

sk::Vocabulary Source::characters() const {
    if (ids_) {
        sk::fail("--vocab", name_ + " has ids; give the vocabulary that they were made with");
    }
    return sk::Vocabulary::characters_of(text_);
}

template <class Id>
sk::Corpus Source::corpus_of_ids(sk::Vocabulary const& vocabulary) const {
    auto const bytes = bytes_by_id(vocabulary);
    std::vector<Id> ids;
    ids.reserve(static_cast<std::size_t>(size()));
    sk::index byte_count = 0;
    for_each_id([&](std::int32_t id) {
        if (id >= vocabulary.size()) {
            sk::fail(name_,
                     fmt::format("it has the id {}, and the vocabulary only {}: --vocab says "
                                 "what ids stand for",
                                 id, counted(vocabulary.size(), "id")));
        }
        byte_count += bytes[static_cast<std::size_t>(id)];
        ids.push_back(static_cast<Id>(id));
    });
    return {name_, std::move(ids), byte_count};
}

sk::Corpus Source::corpus(sk::Vocabulary const& vocabulary) const {
    if (!ids_) { return {text_, vocabulary}; }
    return vocabulary.size() <= 0x10000 ? corpus_of_ids<std::uint16_t>(vocabulary)
                                        : corpus_of_ids<std::uint32_t>(vocabulary);
}

std::optional<std::string> Source::describe_unknown(sk::Vocabulary const& vocabulary) const {
    return spikegpt::describe_unknown(vocabulary, text_);
}

}  // namespace spikegpt
