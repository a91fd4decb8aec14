// SPDX-License-Identifier: MIT
// What a model reads, in one of two forms: text, or the ids that `spikegpt tokenize` made of text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <spikelet/io/binidx.hpp>
#include <spikelet/io/corpus.hpp>

namespace spikegpt {

namespace sk = spikelet;

struct SourceSplit;

/// Text in files, or ids in a pair X.bin and X.idx. Neither is copied, nor turned into ids yet.
class Source {
public:
    /// Several files of text count as one; of ids, which end with .bin or .idx, there is one.
    /// Throws Error if a file cannot be read.
    explicit Source(std::vector<std::string> const& paths);

    /// Number of bytes, or of ids.
    [[nodiscard]] sk::index size() const;

    /// What it is called in messages.
    [[nodiscard]] std::string const& name() const { return name_; }

    /// The last `fraction` to validate on, the rest to train on.
    [[nodiscard]] SourceSplit split(double fraction) const;

    /// A short text that differs when the content does. Of large ones it reads samples only.
    [[nodiscard]] std::string fingerprint() const;

    /// The characters of the text. Throws Error if it is none.
    [[nodiscard]] sk::Vocabulary characters() const;

    /// All of it as ids. Throws Error if the vocabulary does not have them.
    [[nodiscard]] sk::Corpus corpus(sk::Vocabulary const& vocabulary) const;

    /// A sentence about characters that the vocabulary does not have; nothing if it has them all.
    [[nodiscard]] std::optional<std::string>
    describe_unknown(sk::Vocabulary const& vocabulary) const;

private:
    template <class Id>
    [[nodiscard]] sk::Corpus corpus_of_ids(sk::Vocabulary const& vocabulary) const;
    template <class F>
    void for_each_id(F&& f) const;

    sk::Text text_;                          // where there are no ids
    std::shared_ptr<sk::Binidx const> ids_;  // null for text
    sk::index first_ = 0, last_ = 0;         // of the ids
    std::string name_;
};

/// Two parts of a source.
struct SourceSplit {
    Source train, valid;
};

}  // namespace spikegpt
