// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <spikelet/io/byte_bpe.hpp>
#include <spikelet/io/file.hpp>
#include <spikelet/io/vocabulary.hpp>

#include "io/support.hpp"
#include "io/tokens.hpp"

namespace spikelet_test::byte_bpe_test {

using namespace spikelet;

namespace {

Vocabulary vocabulary_of(BpeModel model) {
    return Vocabulary::of_tokens(std::make_shared<ByteBpe>(std::move(model)));
}

// "ab" 256, "abab" 257, " a" 258, and words: "<e>" 259 in the text as it is, "  " 260 after form C.
BpeModel small_model() {
    BpeModel model = bytes_with_merges({{'a', 'b'}, {256, 256}, {' ', 'a'}});
    model.tokens.insert(model.tokens.end(), {"<e>", "  "});
    model.added = {{259, "<e>", true, false}, {260, "  ", false, true}};
    model.nfc = true;
    return model;
}

std::string in_form_c(std::string const& text) {
    std::string memory;
    return std::string(to_nfc(text, memory));
}

// Where no sequence is broken, the text in form C; broken ones stay as they are.
std::string form_c_of_whole_sequences(std::string_view text) {
    std::string made;
    while (!text.empty()) {
        std::size_t const valid = valid_utf8_prefix(text);
        made += in_form_c(std::string(text.substr(0, valid)));
        text.remove_prefix(valid);
        std::size_t const broken = first_utf8(text).length;
        made += text.substr(0, broken);
        text.remove_prefix(broken);
    }
    return made;
}

std::filesystem::path neox_folder() { return shared_folder() / "data" / "tokenizer_neox"; }

std::optional<Vocabulary> neox() {
    auto const path = neox_folder() / "20B_tokenizer.json";
    if (!std::filesystem::exists(path)) {
        MESSAGE("skipped: there is no ", path.string());
        return {};
    }
    return vocabulary_of(parse_tokenizer_json(read_file(path)));
}

std::string sha256(std::string const& content) {
    TemporaryFolder const folder;
    write_file(folder / "content", content);
    std::string const command = "sha256sum < '" + (folder / "content") + "'";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string sum(64, '\0');
    CHECK(std::fread(sum.data(), 1, sum.size(), pipe) == sum.size());
    CHECK(::pclose(pipe) == 0);
    return sum;
}

std::string as_uint16(Ids const& ids) {
    std::string bytes;
    for (std::int32_t const id : ids) {
        bytes += {static_cast<char>(id & 0xff), static_cast<char>(id >> 8 & 0xff)};
    }
    return bytes;
}

std::string whole_file(std::filesystem::path const& path) {
    if (std::filesystem::exists(path)) { return read_file(path); }
    TemporaryFolder const folder;
    std::string const unpacked = folder / "unpacked";
    std::string const command =
        "xz -dc '" + path.string() + ".xz' > '" + unpacked + "' 2> /dev/null";
    return std::system(command.c_str()) == 0 ? read_file(unpacked) : "";
}

}  // namespace

TEST_CASE("byte_bpe: pieces are merged, first learned pairs first") {
    auto const vocabulary = vocabulary_of(small_model());
    CHECK(vocabulary.size() == 261);
    CHECK(vocabulary.encode("") == Ids{});
    CHECK(vocabulary.encode("ab") == Ids{256});
    CHECK(vocabulary.encode("ababab") == Ids{257, 256});
    CHECK(vocabulary.encode("b ab") == Ids{'b', ' ', 256});
    CHECK(vocabulary.encode("b a") == Ids{'b', 258});
    CHECK(vocabulary.encode("a'b") == Ids{'a', '\'', 'b'});
}

TEST_CASE("byte_bpe: merges do not cross pieces") {
    auto const vocabulary = vocabulary_of(bytes_with_merges({{'a', ' '}, {'a', '1'}, {'s', 'a'}}));
    CHECK(vocabulary.encode("a a1'sa") == Ids{'a', ' ', 'a', '1', '\'', 's', 'a'});
}

TEST_CASE("byte_bpe: added words are one id, the longest first") {
    auto const vocabulary = vocabulary_of(small_model());
    CHECK(vocabulary.encode("a<e>b") == Ids{'a', 259, 'b'});
    CHECK(vocabulary.encode("a   ab") == Ids{'a', 260, ' ', 256});
    CHECK(vocabulary.encode("<e") == Ids{'<', 'e'});
    CHECK_FALSE(vocabulary.end_of_text());
}

TEST_CASE("byte_bpe: the end of text is known by its name") {
    BpeModel model = small_model();
    model.tokens.push_back("<|endoftext|>");
    model.added.push_back({261, "<|endoftext|>", true, false});
    CHECK(vocabulary_of(model).end_of_text() == 261);
}

TEST_CASE("byte_bpe: text is put into form C only if the model asks for it") {
    BpeModel model = small_model();
    CHECK(vocabulary_of(model).encode("e\xcc\x81") == Ids{0xc3, 0xa9});
    model.nfc = false;
    CHECK(vocabulary_of(model).encode("e\xcc\x81") == Ids{'e', 0xcc, 0x81});
}

TEST_CASE("byte_bpe: a piece that is a token is one only if merges make it") {
    BpeModel model = bytes_with_merges({{'b', 'c'}, {'a', 'b'}});
    model.tokens.push_back("abc");  // no merge makes it of "a" and "bc"
    CHECK(vocabulary_of(model).encode("abc") == Ids{'a', 256});
}

TEST_CASE("byte_bpe: any bytes come back, in form C") {
    auto const vocabulary = vocabulary_of(small_model());
    Rng rng(1);
    for (int i = 0; i < 300; ++i) {
        for (std::string const& text : {random_text(rng, rng.below(40)), random_bytes(rng, 50)}) {
            CAPTURE(text);
            CHECK(vocabulary.decode(vocabulary.encode(text)) == form_c_of_whole_sequences(text));
        }
    }
}

TEST_CASE("byte_bpe: bytes without an id become U+FFFD") {
    BpeModel model = bytes_with_merges({});
    model.tokens[0xff].clear();
    auto const vocabulary = vocabulary_of(model);
    CHECK(vocabulary.decode(vocabulary.encode("a\xff\xfe")) == "a\xef\xbf\xbd\xfe");
}

TEST_CASE("byte_bpe: portions have the ids of the whole") {
    auto const vocabulary = vocabulary_of(small_model());
    Rng rng(2);
    for (int i = 0; i < 300; ++i) {
        std::string const text = random_text(rng, 60);
        Ids ids;
        std::size_t bytes = 0;
        auto const add = [&](std::span<std::int32_t const> portion, std::size_t taken) {
            ids.insert(ids.end(), portion.begin(), portion.end());
            bytes += taken;
        };
        vocabulary.encode_in_portions(text, add, static_cast<std::size_t>(1 + rng.below(30)));
        CAPTURE(text);
        CHECK(bytes == text.size());
        CHECK(ids == vocabulary.encode(text));
    }
}

TEST_CASE("byte_bpe: a portion ends early, unless a word has a space inside") {
    BpeModel model = small_model();
    Ids ids;
    CHECK(ByteBpe(model).encode("one two three", false, ids) == 7);
    CHECK(ByteBpe(model).encode("\u4e16\u754c\n\u4f60\u597d", false, ids) == 6);
    CHECK(ByteBpe(model).encode("\u4e16 \u3000 \u597d", false, ids) == 0);
    model.tokens.push_back("two three");
    model.added.push_back({261, "two three", false, false});
    CHECK(ByteBpe(model).encode("one two three", false, ids) == 0);
}

TEST_CASE("byte_bpe: long pieces take no unreasonable time") {
    auto const vocabulary = vocabulary_of(small_model());
    std::size_t const length = 200'000;
    std::string letters;
    while (letters.size() < length) { letters += "ab"; }
    CHECK(vocabulary.encode(letters) == Ids(length / 4, 257));
    CHECK(vocabulary.encode(std::string(length, ' ')) == Ids(length / 2, 260));
    CHECK(vocabulary.encode(std::string(length, '\n')).size() == length);
}

TEST_CASE("byte_bpe: a model without a byte of UTF-8, or with a merge into nothing, is refused") {
    BpeModel gap = bytes_with_merges({});
    gap.tokens['a'].clear();
    CHECK_THROWS_WITH_AS(ByteBpe{gap}, "tokenizer: the byte 97 has no id", Error);
    BpeModel lost = bytes_with_merges({{'a', 'b'}});
    lost.tokens.pop_back();
    CHECK_THROWS_WITH_AS(ByteBpe{lost}, "tokenizer: merge 0 makes 'ab', which has no id", Error);
}

TEST_CASE("byte_bpe: characters come out whole when tokens end inside of them") {
    auto const vocabulary = vocabulary_of(bytes_with_merges({{0x9f, 0x98}, {'a', 0xf0}}));
    Ids const ids{257, 256, 0x80, 0xc3};  // "a\xf0", "\x9f\x98", "\x80", the first half of another
    Utf8Stream stream;
    std::vector<std::string> pieces;
    for (std::int32_t const id : ids) {
        pieces.push_back(stream.push(vocabulary.decode({&id, 1})));
    }
    CHECK(pieces == std::vector<std::string>{"a", "", "😀", ""});
    CHECK(stream.flush() == "\xef\xbf\xbd");
}

TEST_CASE("byte_bpe: GPT-NeoX's tokenizer has the ids of others' programs") {
    auto const vocabulary = neox();
    if (!vocabulary) { return; }
    CHECK(vocabulary->size() == 50277);
    CHECK(vocabulary->end_of_text() == 0);
    std::istringstream own(read_file(neox_folder() / "vectors_generated.jsonl"));
    int count = 0;
    for (std::string line; std::getline(own, line); ++count) {
        auto const vector = nlohmann::json::parse(line);
        auto const text = vector.at("text").get<std::string>();
        CAPTURE(line);
        CHECK(vocabulary->encode(text) == vector.at("ids").get<Ids>());
        CHECK(vocabulary->decode(vector.at("ids").get<Ids>()) == in_form_c(text));
    }
    CHECK(count == 282);
    std::istringstream ggml(read_file(neox_folder() / "vectors_ggml.txt"));
    count = 0;
    for (std::string line; std::getline(ggml, line); ++count) {
        std::size_t const arrow = line.rfind(" => ");
        auto const ids = nlohmann::json::parse("[" + line.substr(arrow + 4) + "]").get<Ids>();
        CAPTURE(line);
        CHECK(vocabulary->encode(line.substr(0, arrow)) == ids);
    }
    CHECK(count == 100);
}

TEST_CASE("byte_bpe: GPT-NeoX's tokenizer has the ids of others' programs for whole texts") {
    auto const vocabulary = neox();
    if (!vocabulary) { return; }
    std::istringstream counts(read_file(neox_folder() / "corpus_counts.tsv"));
    counts.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    std::string file, sum, ids_sum;
    std::size_t bytes = 0, tokens = 0;
    while (counts >> file >> bytes >> sum >> tokens >> ids_sum) {
        counts.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
        std::string const text = whole_file(shared_folder() / "data" / file);
        if (text.empty()) { continue; }
        CAPTURE(file);
        REQUIRE(text.size() == bytes);
        Ids ids;
        vocabulary->encode_in_portions(
            text,
            [&](std::span<std::int32_t const> portion, std::size_t) {
                ids.insert(ids.end(), portion.begin(), portion.end());
            },
            100'000);
        CHECK(ids.size() == tokens);
        CHECK(sha256(as_uint16(ids)) == ids_sum);
    }
}

}  // namespace spikelet_test::byte_bpe_test
