// SPDX-License-Identifier: MIT
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/vocabulary.hpp>

using namespace spikelet;
using Ids = std::vector<std::int32_t>;

namespace {

Vocabulary characters_of(std::string text) {
    return Vocabulary::characters_of(Text::of_string(std::move(text)));
}

}  // namespace

TEST_CASE("vocabulary: bytes are their own ids") {
    Vocabulary const bytes = Vocabulary::bytes();
    CHECK(bytes.is_bytes());
    CHECK(bytes.size() == 256);
    CHECK(bytes.unknown() == ' ');
    CHECK(bytes.symbols().empty());
    CHECK(bytes.encode("aä\xff") == Ids{0x61, 0xc3, 0xa4, 0xff});
    Ids all(256);
    std::iota(all.begin(), all.end(), 0);
    CHECK(bytes.encode(bytes.decode(all)) == all);
}

TEST_CASE("vocabulary: characters are sorted and counted once") {
    Vocabulary const characters = characters_of("b€a ä😀ab");
    CHECK_FALSE(characters.is_bytes());
    CHECK(characters.size() == 6);
    CHECK(characters.symbols() == " abä€😀");
    CHECK(characters.encode("a😀ä") == Ids{1, 5, 3});
    CHECK(characters.decode(Ids{5, 0, 2}) == "😀 b");
    CHECK(characters.decode(Ids{}) == "");
}

TEST_CASE("vocabulary: text that was seen survives encoding and decoding") {
    std::string const text = "Grüße, 5 € für 😀\n\tund\0mehr";
    Vocabulary const characters = characters_of(text);
    CHECK(characters.decode(characters.encode(text)) == text);
}

TEST_CASE("vocabulary: unknown characters become the space, or else the first") {
    Vocabulary const spaced = characters_of("b a");
    CHECK(spaced.unknown() == 0);
    CHECK(characters_of("\n a").unknown() == 1);
    CHECK(spaced.encode("xä😀b") == Ids{0, 0, 0, 2});
    Vocabulary const tight = characters_of("cab");
    CHECK(tight.unknown() == 0);
    CHECK(tight.encode(" c") == Ids{0, 2});
    CHECK(spaced.encode("a\xff\xe2\x82") == Ids{1, 0, 0});
}

TEST_CASE("vocabulary: the characters of several files belong together") {
    Text const whole = Text::of_string("abcdef");
    CHECK(Vocabulary::characters_of(whole.slice(1, 3)).symbols() == "bc");
}

TEST_CASE("vocabulary: texts without characters, or not UTF-8, are refused") {
    CHECK_THROWS_WITH_AS(characters_of(""), "vocabulary: 'text' has no characters", Error);
    CHECK_THROWS_WITH_AS(characters_of("ab\xc3"), "'text': byte 2 (value 195) is not valid UTF-8",
                         Error);
}

TEST_CASE("vocabulary: numbers that are no ids are refused") {
    Vocabulary const characters = characters_of("abc");
    CHECK_THROWS_WITH_AS(characters.decode(Ids{0, 3}), "vocabulary: 3 is not an id, there are 3",
                         Error);
    CHECK_THROWS_WITH_AS(Vocabulary::bytes().decode(Ids{-1}),
                         "vocabulary: -1 is not an id, there are 256", Error);
}

TEST_CASE("vocabulary: symbols must be characters in ascending order") {
    CHECK(Vocabulary::of_symbols("abä") == characters_of("äba"));
    CHECK_FALSE(Vocabulary::of_symbols("ab") == Vocabulary::bytes());
    std::string const message = "vocabulary: its symbols should be characters in ascending order";
    CHECK_THROWS_WITH_AS(Vocabulary::of_symbols(""), message.c_str(), Error);
    CHECK_THROWS_WITH_AS(Vocabulary::of_symbols("ba"), message.c_str(), Error);
    CHECK_THROWS_WITH_AS(Vocabulary::of_symbols("aa"), message.c_str(), Error);
    CHECK_THROWS_WITH_AS(Vocabulary::of_symbols("\xff"),
                         "vocabulary: byte 0 (value 255) is not valid UTF-8", Error);
}
