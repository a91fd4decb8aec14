// SPDX-License-Identifier: MIT
//
// Component tokenizers: a vocabulary is learned, written, and read. It has one way to write an
// accent, whether or not that is a character of its own.
#include <spikelet/io/bpe_trainer.hpp>
#include <spikelet/io/vocabulary_file.hpp>

namespace sk = spikelet;

int main() {
    sk::BpeTrainer trainer;
    trainer.add("caf\u00e9 caf\u00e9 caf\u00e9");
    while (trainer.merges() < 3 && trainer.learn()) {}
    auto const vocabulary = sk::parse_vocabulary(sk::tokenizer_json(trainer.model()));
    auto const ids = vocabulary.encode("a cafe\u0301");
    return vocabulary.decode(ids) == "a caf\u00e9" && ids.size() < 7 ? 0 : 1;
}
