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

TEST_CASE("text_batches: of a text whose ids are long, all that fits is read") {
    auto const vocabulary = long_ids_of("ä");
    std::string text = "x";  // so that characters begin at odd bytes
    for (int i = 0; i < 4096; ++i) { text += "ä"; }
    TextReader reader(vocabulary, 16);
    auto const ids = reader.read(text);
    CHECK(std::ssize(ids) < 16);
    CHECK(vocabulary.decode(ids) == " " + text);
    CHECK(reader.cut() == 0);
}

TEST_CASE("text_batches: ids are those of the whole text, wherever it is cut") {
    auto const vocabulary = long_ids_of("ä");
    std::string text;
    for (std::size_t i = 0; i < 40; ++i) {
        for (std::size_t k = 0; k < 1 + i * i; ++k) { text += "ä"; }
        text += ", naïve";
    }
    auto const whole = vocabulary.encode(" " + text);
    for (sk::index ctx = 1; ctx <= std::ssize(whole) + 1; ctx += 31) {
        CAPTURE(ctx);
        TextReader reader(vocabulary, ctx);
        auto const last = whole.begin() + std::min(ctx, std::ssize(whole));
        CHECK(reader.read(text) == TextIds(whole.begin(), last));
        CHECK(reader.cut() == (ctx < std::ssize(whole) ? 1 : 0));
    }
}

TEST_CASE("text_batches: a text that is not cut has all of its ids, up to the last that is read") {
    auto const bytes = sk::Vocabulary::bytes();
    TextReader four(bytes, 4);
    CHECK(four.read("na\xc3") == TextIds{' ', 'n', 'a', 0xc3});
    CHECK(four.cut() == 0);
    TextReader two(bytes, 2);
    CHECK(two.read("na\xc3") == TextIds{' ', 'n'});
    CHECK(two.read("") == TextIds{' '});
    CHECK(two.cut() == 1);
}

}  // namespace spikelet_test::spikegpt_text_batches_test
