// SPDX-License-Identifier: MIT
#include <string>

#include <doctest/doctest.h>

#include <spikelet/io/bpe_model.hpp>
#include <spikelet/io/text_pattern.hpp>

namespace spikelet_test::text_pattern_test {

using namespace spikelet;

namespace {

std::string pieces(std::string const& pattern, std::string_view text) {
    std::string all;
    TextPattern(pattern).for_each_piece(
        text, [&](std::string_view piece) { all += "[" + std::string(piece) + "]"; });
    return all;
}

}  // namespace

TEST_CASE("text_pattern: pieces are matches and what is between them") {
    CHECK(pieces("[0-9]+", "a12bc3") == "[a][12][bc][3]");
    CHECK(pieces("[0-9]*", "a1") == "[a][1]");
    CHECK(pieces("x", "") == "");
    CHECK(pieces("\\p{Lu}", "aÄb") == "[a][Ä][b]");
}

TEST_CASE("text_pattern: a pattern that is none is refused") {
    CHECK_THROWS_WITH_AS(TextPattern("("), "pattern: missing closing parenthesis", Error);
}

TEST_CASE("text_pattern: GPT-2's cuts words, numbers, signs and white space") {
    auto const cut = [](std::string_view text) { return pieces(gpt2_pattern(), text); };
    CHECK(cut("It's 42 m, isn't it?") == "[It]['s][ 42][ m][,][ isn]['t][ it][?]");
    CHECK(cut("a  b\n\n c \n") == "[a][ ][ b][\n\n][ c][ \n]");
    CHECK(cut("naïve 5½ ²") == "[naïve][ 5½][ ²]");
    CHECK(cut("a\xc2\xa0"
              "b\xe3\x80\x80") == "[a][\xc2\xa0][b][\xe3\x80\x80]");
    CHECK(cut("a\xe1\xa0\x8e b") == "[a][\xe1\xa0\x8e][ b]");  // U+180E is no white space
}

}  // namespace spikelet_test::text_pattern_test
