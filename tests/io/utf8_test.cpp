// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikelet_test::utf8_test {

using namespace spikelet;

namespace {

std::string encoded(char32_t code_point) {
    std::string text;
    append_utf8(text, code_point);
    return text;
}

// The text with U+FFFD for what is broken.
std::string repaired(std::string_view text) {
    std::string result;
    for_each_code_point(text, [&](char32_t c) { append_utf8(result, c); });
    return result;
}

std::string const mark = "\xef\xbf\xbd";  // U+FFFD

// Mostly bytes that matter: letters, leads, continuations, and never-valid ones.
std::string random_bytes(Rng& rng, spikelet::index length) {
    constexpr std::string_view bytes =
        "az\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xed\xa0\xf4\x90\xff\xc0";
    std::string text;
    for (spikelet::index i = 0; i < length; ++i) {
        text += bytes[static_cast<std::size_t>(rng.below(std::ssize(bytes)))];
    }
    return text;
}

}  // namespace

TEST_CASE("utf8: every code point survives encoding and decoding") {
    int wrong = 0;
    for (char32_t c = 0; c < 0x110000; ++c) {
        bool const surrogate = c >= 0xd800 && c < 0xe000;
        std::string const text = encoded(c);
        Utf8Sequence const sequence = first_utf8(text);
        bool const right = sequence.ending == Utf8Ending::complete &&
                           sequence.length == text.size() &&
                           sequence.code_point == (surrogate ? replacement_character : c);
        wrong += right ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(encoded(0x110000) == mark);
}

TEST_CASE("utf8: what is accepted is what encoding makes") {
    int wrong = 0;
    for (unsigned lead = 0; lead < 256; ++lead) {
        for (unsigned rest = 0; rest < 0x10000; ++rest) {
            std::string text;
            for (unsigned const byte : {lead, rest >> 8, rest & 255, 0x80U}) {
                text += static_cast<char>(static_cast<unsigned char>(byte));
            }
            Utf8Sequence const sequence = first_utf8(text);
            bool const complete = sequence.ending == Utf8Ending::complete;
            std::string const taken = text.substr(0, sequence.length);
            bool const same = encoded(sequence.code_point) == taken;
            wrong += complete != same || sequence.length < 1 ? 1 : 0;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("utf8: broken text becomes one mark per maximal subpart") {
    // The examples of the Unicode standard, tables 3-8 to 3-11.
    CHECK(repaired("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41") ==
          mark + mark + mark + mark + mark + mark + mark + mark + "A");
    CHECK(repaired("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41") ==
          mark + mark + mark + mark + mark + mark + mark + mark + "A");
    CHECK(repaired("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42") ==
          mark + mark + mark + mark + mark + "A" + mark + mark + "B");
    CHECK(repaired("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41") == mark + mark + mark + mark + "A");
}

TEST_CASE("utf8: the first byte that is not valid is found") {
    CHECK(valid_utf8_prefix("") == 0);
    CHECK(valid_utf8_prefix("für €5 😀") == std::string_view("für €5 😀").size());
    CHECK(valid_utf8_prefix("ab\xff") == 2);
    CHECK(valid_utf8_prefix("ab\xe2\x82") == 2);
    CHECK_NOTHROW(check_utf8("'a.txt'", "ä"));
    CHECK_THROWS_WITH_AS(check_utf8("'a.txt'", "ab\xff", 1000),
                         "'a.txt': byte 1002 (value 255) is not valid UTF-8", Error);
}

TEST_CASE("utf8: a stream holds back what is not finished") {
    Utf8Stream stream;
    CHECK(stream.push("a\xe2") == "a");
    CHECK(stream.push("\x82") == "");
    CHECK(stream.push("\xac"
                      "b") == "€b");
    CHECK(stream.push("") == "");
    CHECK(stream.flush() == "");
    CHECK(stream.push("\xf0\x9f\x98") == "");
    CHECK(stream.flush() == mark);
    CHECK(stream.flush() == "");
    CHECK(stream.push("\xe2\x82x") == mark + "x");
    CHECK(stream.push("\xc3\xc3\xa4") == mark + "ä");
}

TEST_CASE("utf8: a stream says the same however the bytes are cut") {
    Rng rng{7};
    int wrong = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string const text = random_bytes(rng, 40);
        Utf8Stream stream;
        std::string said;
        for (std::string_view rest = text; !rest.empty();) {
            auto const portion = static_cast<std::size_t>(1 + rng.below(5));
            said += stream.push(rest.substr(0, portion));
            rest.remove_prefix(std::min(portion, rest.size()));
        }
        said += stream.flush();
        wrong += said == repaired(text) && valid_utf8_prefix(said) == said.size() ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("utf8: a sequence that does not end is known by its length") {
    CHECK(unfinished_utf8_suffix("") == 0);
    CHECK(unfinished_utf8_suffix("a") == 0);
    CHECK(unfinished_utf8_suffix("aä") == 0);
    CHECK(unfinished_utf8_suffix("a\xc3") == 1);
    CHECK(unfinished_utf8_suffix("a\xe2\x82") == 2);
    CHECK(unfinished_utf8_suffix("a\xf0\x9f\x98") == 3);
    CHECK(unfinished_utf8_suffix("\x82") == 0);
    CHECK(unfinished_utf8_suffix("a\xff") == 0);
    CHECK(unfinished_utf8_suffix("\xc3\x28\xa0") == 0);
    CHECK(unfinished_utf8_suffix("\xe0\x80") == 0);  // overlong, and broken already
}

}  // namespace spikelet_test::utf8_test
