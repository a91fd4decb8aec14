// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <spikelet/io/bpe_trainer.hpp>
#include <spikelet/io/vocabulary_file.hpp>

#include "io/support.hpp"
#include "io/tokens.hpp"

namespace spikelet_test::vocabulary_file_test {

using namespace spikelet;

namespace {

std::string as_utf16(std::u16string_view text, bool little) {
    std::string bytes;
    for (char16_t const c : text) {
        auto const low = static_cast<char>(c & 0xff);
        auto const high = static_cast<char>(c >> 8);
        bytes += little ? std::string{low, high} : std::string{high, low};
    }
    return bytes;
}

std::string world_lines() {
    std::string lines;
    for (unsigned byte = 0; byte < 256; ++byte) {
        constexpr std::string_view digits = "0123456789abcdef";
        std::string const hex{'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        lines += std::to_string(byte + 1) + " b'" + hex + "' 1\n";
    }
    return lines;
}

// The code of docs/vocabularies.md, for which there is no file here.
[[maybe_unused]] std::string read_tokens() {
    namespace sk = spikelet;
    auto const vocabulary = sk::load_vocabulary("20B_tokenizer.json");  // io/vocabulary_file.hpp
    auto const ids = vocabulary.encode("Spikes are sparse.");
    std::string const text = vocabulary.decode(ids);
    return text;
}

std::string complaint(std::string_view content) {
    try {
        static_cast<void>(parse_vocabulary(content));
    } catch (Error const& error) { return error.what(); }
    return {};
}

}  // namespace

TEST_CASE("vocabulary_file: characters by id are read in UTF-8 and UTF-16") {
    Vocabulary const expected = Vocabulary::of_symbols("\n aä😀");
    CHECK(parse_vocabulary(R"({"0":"\n","1":" ","2":"a","3":"ä","4":"😀"})") == expected);
    CHECK(parse_vocabulary("\xef\xbb\xbf{\"0\":\"a\"}") == Vocabulary::of_symbols("a"));
    std::u16string_view const text =
        u"\xfeff{\"4\":\"😀\",\"0\":\"\\n\",\"1\":\" \",\"2\":\"a\",\"3\":\"ä\"}";
    CHECK(parse_vocabulary(as_utf16(text, true)) == expected);
    CHECK(parse_vocabulary(as_utf16(text, false)) == expected);
}

TEST_CASE("vocabulary_file: every kind is told by its content") {
    CHECK(parse_vocabulary(tokenizer_json(BpeTrainer().model(), 2)).size() == 257);
    CHECK(parse_vocabulary(world_lines()).encode("a") == Ids{'a' + 1});
}

TEST_CASE("vocabulary_file: every kind survives in the metadata of a model") {
    for (Vocabulary const& vocabulary :
         {Vocabulary::bytes(), Vocabulary::of_symbols("ab"), parse_vocabulary(world_lines()),
          parse_vocabulary(tokenizer_json(BpeTrainer().model()))}) {
        CHECK(any_vocabulary_from_json(to_json(vocabulary)) == vocabulary);
    }
    CHECK_FALSE(parse_vocabulary(world_lines()) == Vocabulary::bytes());
    CHECK_THROWS_AS(any_vocabulary_from_json(""), Error);
    CHECK_THROWS_AS(any_vocabulary_from_json(R"({"kind":"bpe"})"), Error);
    CHECK_THROWS_AS(any_vocabulary_from_json(R"({"kind":"world","lines":7})"), Error);
}

TEST_CASE("vocabulary_file: what is no vocabulary is refused") {
    std::string const expected = "vocabulary: expected a tokenizer.json, characters by id as JSON, "
                                 "or lines of an id, a token and its length";
    CHECK(complaint("") == expected);
    CHECK(complaint("hello") == expected);
    CHECK(complaint("[1]") == expected);
    CHECK(complaint("\xff\xfe{") == expected);
    CHECK(complaint("{}") == "tokenizer: expected an object 'model'");
    CHECK(complaint(R"({"0":"ab"})") == "vocabulary: there is no character under the id 0");
    CHECK(complaint(R"({"0":"a","2":"b"})") == "vocabulary: there is no character under the id 1");
    CHECK(complaint(R"({"0":7})") == "vocabulary: there is no character under the id 0");
    CHECK(complaint(R"({"0":"b","1":"a"})") ==
          "vocabulary: its symbols should be characters in ascending order");
    TemporaryFolder const folder;
    write_file(folder / "v", "no");
    std::string const message = "'" + (folder / "v") + "': " + expected;
    CHECK_THROWS_WITH_AS(load_vocabulary(folder / "v"), message.c_str(), Error);
}

TEST_CASE("vocabulary_file: values that are nested too deeply are refused before they are copied") {
    std::string const deep = std::string(200'000, '[') + std::string(200'000, ']');
    std::string const expected = "vocabulary: its JSON is nested more than 64 deep";
    CHECK(complaint(R"({"0":)" + deep + "}") == expected);
    for (char const* before : {R"({"kind":)", R"({"kind":"world","lines":)",
                               R"({"kind":"bpe","tokenizer":)", R"({"a":)"}) {
        CHECK_THROWS_WITH_AS(any_vocabulary_from_json(before + deep + "}"), expected.c_str(),
                             Error);
    }
}

TEST_CASE("vocabulary_file: random bytes are refused or read, never worse") {
    Rng rng(9);
    std::string const good = R"({"0":"\n","1":" ","2":"a","3":"ä","4":"😀"})";
    for (int i = 0; i < 1000; ++i) {
        CHECK(complaint(random_bytes(rng, rng.below(60))) != "");
        static_cast<void>(complaint(mutated(good, rng)));
        static_cast<void>(complaint("\xff\xfe" + random_bytes(rng, 31)));
    }
}

TEST_CASE("vocabulary_file: SpikeGPT's characters of books are read") {
    auto const path = shared_folder() / "data" / "vocab_book" / "vocab_book.json";
    if (!std::filesystem::exists(path)) {
        MESSAGE("skipped: there is no ", path.string());
        return;
    }
    Vocabulary const vocabulary = load_vocabulary(path);
    CHECK(vocabulary.size() == 77);
    CHECK(vocabulary.encode("\na~\x7f") == Ids{0, 46, 75, 76});
    CHECK(vocabulary.encode("A") == Ids{8});  // not there: read as the space
}

}  // namespace spikelet_test::vocabulary_file_test
