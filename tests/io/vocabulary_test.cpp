// SPDX-License-Identifier: MIT
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/vocabulary.hpp>

namespace spikelet_test::vocabulary_test {

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

TEST_CASE("vocabulary: portions have the ids of the whole") {
    std::string const text = "a😀ä€\xf0\x9f"
                             "b";
    for (Vocabulary const& vocabulary : {Vocabulary::bytes(), characters_of("ä€a😀b")}) {
        for (std::size_t portion = 1; portion <= text.size(); ++portion) {
            Ids ids;
            std::size_t bytes = 0;
            auto const add = [&](std::span<std::int32_t const> part, std::size_t taken) {
                ids.insert(ids.end(), part.begin(), part.end());
                bytes += taken;
            };
            vocabulary.encode_in_portions(text, add, portion);
            CHECK(ids == vocabulary.encode(text));
            CHECK(bytes == text.size());
        }
    }
}

TEST_CASE("vocabulary: tokens are those of the tokenizer") {
    // "ab" is 0, every other byte is 1 and written as "?".
    class Pairs final : public Tokenizer {
    public:
        [[nodiscard]] spikelet::index size() const override { return 2; }
        std::size_t encode(std::string_view text, bool, Ids& ids) const override {
            for (std::size_t i = 0; i < text.size(); ++i) {
                bool const is_pair = text.substr(i, 2) == "ab";
                ids.push_back(is_pair ? 0 : 1);
                i += is_pair ? 1 : 0;
            }
            return text.size();
        }
        [[nodiscard]] std::string_view bytes_of(std::int32_t id) const override {
            return id == 0 ? "ab" : "?";
        }
        [[nodiscard]] std::optional<std::int32_t> end_of_text() const override { return 1; }
        [[nodiscard]] std::string to_json() const override { return "{}"; }
    };
    auto const vocabulary = Vocabulary::of_tokens(std::make_shared<Pairs>());
    CHECK_FALSE(vocabulary.is_bytes());
    CHECK_FALSE(vocabulary.is_characters());
    CHECK(vocabulary.size() == 2);
    CHECK(vocabulary.end_of_text() == 1);
    CHECK_FALSE(Vocabulary::bytes().end_of_text());
    CHECK(vocabulary.encode("cabab") == Ids{1, 0, 0});
    CHECK(vocabulary.decode(Ids{1, 0}) == "?ab");
    CHECK_THROWS_WITH_AS(vocabulary.decode(Ids{2}), "vocabulary: 2 is not an id, there are 2",
                         Error);
    CHECK(vocabulary == Vocabulary::of_tokens(std::make_shared<Pairs>()));
    CHECK_FALSE(vocabulary == Vocabulary::bytes());
    CHECK_FALSE(Vocabulary::bytes() == vocabulary);
}

}  // namespace spikelet_test::vocabulary_test
