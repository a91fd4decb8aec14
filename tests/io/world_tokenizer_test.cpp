// SPDX-License-Identifier: MIT
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <spikelet/io/vocabulary.hpp>
#include <spikelet/io/world_tokenizer.hpp>

#include "io/support.hpp"
#include "io/tokens.hpp"

namespace spikelet_test::world_tokenizer_test {

using namespace spikelet;

namespace {

// A line for each byte, as Python writes it: ids are bytes and one.
std::string lines_of_bytes() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string lines;
    for (unsigned byte = 0; byte < 256; ++byte) {
        std::string const hex{'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        lines += std::to_string(byte + 1) + (byte < 128 ? " '" : " b'") + hex + "' 1\n";
    }
    return lines;
}

std::string small_lines() {
    return lines_of_bytes() + "257 ' \\n' 2\n258 'ab' 2\n259 'abcd' 4\n260 \"it's\" 4\n"
                              "261 b'\\xe2\\x82' 2\n262 'ä' 2\n263 '\\u20ac ' 4\n300 '\\\\' 1\n";
}

Vocabulary small_vocabulary() {
    return Vocabulary::of_tokens(std::make_shared<WorldTokenizer>(small_lines()));
}

std::string complaint(std::string const& line) {
    try {
        WorldTokenizer const tokenizer(lines_of_bytes() + line);
    } catch (Error const& error) { return error.what(); }
    return "";
}

}  // namespace

TEST_CASE("world_tokenizer: the longest token that fits comes next") {
    auto const vocabulary = small_vocabulary();
    CHECK(vocabulary.size() == 301);
    CHECK(vocabulary.end_of_text() == 0);
    CHECK(vocabulary.encode("abcab") == Ids{258, 'c' + 1, 258});
    CHECK(vocabulary.encode("abcdab") == Ids{259, 258});
    CHECK(vocabulary.encode("it's \n") == Ids{260, 257});
    CHECK(vocabulary.encode("€ä") == Ids{261, 0xac + 1, 262});
    CHECK(vocabulary.encode("€ \\") == Ids{263, 300});
}

TEST_CASE("world_tokenizer: any bytes come back") {
    auto const vocabulary = small_vocabulary();
    Rng rng(7);
    for (int i = 0; i < 200; ++i) {
        for (std::string const& text : {random_text(rng, 30), random_bytes(rng, 30)}) {
            CHECK(vocabulary.decode(vocabulary.encode(text)) == text);
        }
    }
    CHECK(vocabulary.decode(Ids{0, 299}) == "");
}

TEST_CASE("world_tokenizer: portions have the ids of the whole") {
    auto const vocabulary = small_vocabulary();
    std::string const text = "abcdababcit's \n €€ abcabcdabcd";
    for (std::size_t portion = 1; portion <= text.size(); ++portion) {
        Ids ids;
        vocabulary.encode_in_portions(
            text,
            [&](std::span<std::int32_t const> some, std::size_t) {
                ids.insert(ids.end(), some.begin(), some.end());
            },
            portion);
        CHECK(ids == vocabulary.encode(text));
    }
}

TEST_CASE("world_tokenizer: lines that make no sense are refused") {
    CHECK(complaint("") == "");
    for (std::string const line :
         {"x 'a' 1", "257 'ab' 1", "257 ab 2", "257 'ab\" 2", "0 'ab' 2", "-1 'ab' 2",
          "1048576 'ab' 2", "257 '' 0", "257 '\\q' 1", "257 '\\x4' 1", "257 b'\\u0041' 1", "257",
          "257 'ab'", "257 '\\' 1", "257 b 1"}) {
        CAPTURE(line);
        CHECK(complaint(line).starts_with("vocabulary: line 257 is "));
    }
    CHECK(complaint("7 'ab' 2") == "vocabulary: line 257 has the id 7 of another line");
    CHECK_THROWS_WITH_AS(WorldTokenizer("1 'a' 1\n"), "vocabulary: the byte 0 has no id", Error);
}

TEST_CASE("world_tokenizer: broken files are refused or read, never worse") {
    Rng rng(8);
    int refused = 0;
    for (int i = 0; i < 500; ++i) {
        try {
            WorldTokenizer const tokenizer(mutated(small_lines(), rng));
            Ids ids;
            tokenizer.encode(random_bytes(rng, 30), true, ids);
        } catch (Error const&) { ++refused; }
    }
    CHECK(refused > 100);
}

}  // namespace spikelet_test::world_tokenizer_test
