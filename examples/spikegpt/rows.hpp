// SPDX-License-Identifier: MIT
// A text that is learned in order, for training that carries its state from batch to batch.
#pragma once

#include <spikelet/io/corpus.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// A text in as many parts as a batch has rows. Each row reads its part, window after window; when
/// the parts are through, all of them begin again, anywhere before the first whole window.
class Rows {
public:
    /// The text must outlive it and have batch * ctx + 1 ids or more; `random` says where parts
    /// begin.
    Rows(sk::Corpus const& text, sk::index batch, sk::index ctx, sk::Rng random)
        : text_(text),
          random_(random),
          rows_(batch),
          ctx_(ctx),
          part_((text.size() - 1) / batch) {}

    /// The batch of a number, counted from 0. True if its windows go on from those of the number
    /// before, false if they are the first.
    bool read(sk::index number, sk::Batch& batch) const {
        sk::index const windows = part_ / ctx_;
        sk::index const left = part_ - windows * ctx_;
        sk::Rng chance = random_.split(static_cast<std::uint64_t>(number / windows));
        sk::index const begin = chance.below(left + 1) + number % windows * ctx_;
        batch.input.resize(rows_, ctx_);
        batch.target.resize(rows_, ctx_);
        for (sk::index b = 0; b < rows_; ++b) {
            text_.copy(b * part_ + begin, batch.input.row(b));
            text_.copy(b * part_ + begin + 1, batch.target.row(b));
        }
        return goes_on(number);
    }

    /// Whether the batch of a number goes on from the one before.
    [[nodiscard]] bool goes_on(sk::index number) const { return number % (part_ / ctx_) > 0; }

private:
    sk::Corpus const& text_;
    sk::Rng random_;
    sk::index rows_, ctx_, part_;
};

}  // namespace spikegpt
