// SPDX-License-Identifier: MIT
// Texts as the program turns them into ids, without a model.
#include "spikegpt/text_batches.cpp"

#include <doctest/doctest.h>

#include <spikelet/io/bpe_trainer.hpp>
#include <spikelet/io/byte_bpe.hpp>

namespace spikelet_test::spikegpt_text_batches_test {

namespace {

using namespace spikegpt;

/// A vocabulary with an id for 2, 4, 8, ... of the character.
sk::Vocabulary long_ids_of(std::string const& character) {
    std::string text;
    for (int i = 0; i < 4096; ++i) { text += character; }
    sk::BpeTrainer trainer;
    trainer.add(text);
    while (trainer.learn()) {}
    return sk::Vocabulary::of_tokens(std::make_shared<sk::ByteBpe>(trainer.model()));
}

}  // namespace

TEST_CASE("text_batches: a long text is not cut inside of a character") {
    auto const vocabulary = long_ids_of("ä");
    std::string text = "x";  // so that characters begin at odd bytes
    for (int i = 0; i < 4096; ++i) { text += "ä"; }
    constexpr sk::index most = 16;
    auto const ids = ids_of_text(vocabulary, text, most);
    CHECK(std::ssize(ids) < most);  // else nobody would see the last
    std::string const read = vocabulary.decode(ids);
    CHECK(read == " " + text.substr(0, read.size() - 1));
    CHECK(sk::valid_utf8_prefix(read) == read.size());
    CHECK(read.size() > 1000);
}

TEST_CASE("text_batches: a text that is not cut has all of its ids, up to the last that is read") {
    auto const bytes = sk::Vocabulary::bytes();
    CHECK(ids_of_text(bytes, "na\xc3", 8) == TextIds{' ', 'n', 'a', 0xc3});
    CHECK(ids_of_text(bytes, "na\xc3", 2) == TextIds{' ', 'n'});
    CHECK(ids_of_text(bytes, "", 2) == TextIds{' '});
}

}  // namespace spikelet_test::spikegpt_text_batches_test
