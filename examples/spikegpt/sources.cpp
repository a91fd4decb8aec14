// SPDX-License-Identifier: MIT
#include "sources.hpp"

#include <fmt/core.h>

#include <spikelet/io/checksum.hpp>

#include "output.hpp"

namespace spikegpt {

namespace {

// Texts of up to 16 MiB are read whole, of others this many blocks.
constexpr sk::index block = 4096;
constexpr sk::index most_blocks = 4096;

std::string fingerprint_of(sk::Text const& text) {
    sk::Checksum sum;
    sk::index const blocks = (text.size() + block - 1) / block;
    sk::index const taken = std::min(blocks, most_blocks);
    for (sk::index i = 0; i < taken; ++i) {
        sk::index const first = blocks * i / taken * block;
        auto const part = text.slice(first, std::min(first + block, text.size()));
        for (sk::TextPiece const& piece : part.pieces()) {
            sum.add(std::as_bytes(std::span(piece.bytes)));
        }
    }
    return fmt::format("{} bytes, checksum {}", text.size(), sum.text());
}

}  // namespace

Sources::Sources(TrainOptions const& options) : train(sk::Text::of_files(options.data)) {
    if (train.size() == 0) { sk::fail(train.name(), "there is no text in it"); }
    if (!options.valid.empty()) {
        valid = sk::Text(options.valid);
        if (valid->size() == 0) { sk::fail(valid->name(), "there is no text in it"); }
    } else if (options.valid_fraction > 0) {
        sk::TextSplit parts = train.split(options.valid_fraction);
        train = std::move(parts.train);
        valid = std::move(parts.valid);
    }
}

std::string Sources::fingerprint() const {
    return "train: " + fingerprint_of(train) +
           (valid ? "; valid: " + fingerprint_of(*valid) : std::string("; no valid"));
}

Corpora::Corpora(Sources const& sources, sk::Vocabulary const& vocabulary, sk::index ctx)
    : train(sources.train, vocabulary) {
    if (train.size() <= ctx) {
        sk::fail("train", fmt::format("{} has {}, --ctx {} needs at least {}", train.name(),
                                      counted(train.size(), "id"), ctx, ctx + 1));
    }
    if (sources.valid) { valid.emplace(*sources.valid, vocabulary); }
    if (valid && valid->size() < 2) {
        sk::fail("train", fmt::format("{} has {}, too few to validate on; choose another "
                                      "--valid-fraction, or 0",
                                      valid->name(), counted(valid->size(), "id")));
    }
}

}  // namespace spikegpt
