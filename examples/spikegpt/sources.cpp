// SPDX-License-Identifier: MIT
#include "sources.hpp"

#include <fmt/core.h>

#include "output.hpp"

namespace spikegpt {

Sources::Sources(TrainOptions const& options) : train(options.data) {
    if (train.size() == 0) { sk::fail(train.name(), "there is no text in it"); }
    if (!options.valid.empty()) {
        valid.emplace(std::vector{options.valid});
        if (valid->size() == 0) { sk::fail(valid->name(), "there is no text in it"); }
    } else if (options.valid_fraction > 0) {
        SourceSplit parts = train.split(options.valid_fraction);
        train = std::move(parts.train);
        valid = std::move(parts.valid);
    }
}

std::string Sources::fingerprint() const {
    return "train: " + train.fingerprint() +
           (valid ? "; valid: " + valid->fingerprint() : std::string("; no valid"));
}

Corpora::Corpora(Sources const& sources, sk::Vocabulary const& vocabulary,
                 TrainOptions const& options)
    : train(sources.train.corpus(vocabulary)) {
    sk::index const rows = options.carry_state ? options.batch : 1;
    if (train.size() <= rows * options.ctx) {
        std::string const in_rows =
            rows > 1 ? fmt::format(" in {} rows (--batch) of --carry-state", rows) : "";
        sk::fail("train", fmt::format("{} has {}, --ctx {}{} needs at least {}", train.name(),
                                      counted(train.size(), "id"), options.ctx, in_rows,
                                      rows * options.ctx + 1));
    }
    if (sources.valid) { valid = sources.valid->corpus(vocabulary); }
    if (valid && valid->size() < 2) {
        sk::fail("train", fmt::format("{} has {}, too few to validate on; choose another "
                                      "--valid-fraction, or 0",
                                      valid->name(), counted(valid->size(), "id")));
    }
}

}  // namespace spikegpt
