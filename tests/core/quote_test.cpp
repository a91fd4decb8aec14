// SPDX-License-Identifier: MIT
#include <string>

#include <doctest/doctest.h>

#include <spikelet/core/quote.hpp>

using spikelet::quote;

TEST_CASE("quote: names stand in quotes as they are") {
    CHECK(quote("blocks.0.key.weight") == "'blocks.0.key.weight'");
    CHECK(quote("gewicht.ä") == "'gewicht.ä'");
    CHECK(quote("") == "''");
}

TEST_CASE("quote: bytes that would upset a terminal or end the quote are spelled out") {
    CHECK(quote(std::string_view("a\nb\x1b[31m\0c\x7f", 11)) == R"('a\x0ab\x1b[31m\x00c\x7f')");
    CHECK(quote("it's") == R"('it\x27s')");
    CHECK(quote(R"(a\b)") == R"('a\x5cb')");
    CHECK(quote("a\xc2\x9b"
                "2J\xc2\xa0") == "'a\\xc2\\x9b2J\xc2\xa0'");  // CSI; a space
    CHECK(quote("\xc2") == "'\xc2'");
}

TEST_CASE("quote: control characters are told from others") {
    using spikelet::has_control_characters;
    for (char const* text : {"", "gewicht.ä", "\xc2\xa0", "it's", "\xc2"}) {
        CHECK_FALSE(has_control_characters(text));
    }
    for (char const* text : {"a\n", "\x1b[31m", "b\x7f", "a\xc2\x80", "\xc2\x9f"}) {
        CHECK(has_control_characters(text));
    }
}

TEST_CASE("quote: long names are cut, and show it") {
    CHECK(quote(std::string(120, 'x')) == "'" + std::string(120, 'x') + "'");
    CHECK(quote(std::string(1'000'000, 'x')) == "'" + std::string(120, 'x') + "...'");
    std::string const x(119, 'x');
    CHECK(quote(x + "ä") == "'" + x + "...'");
    CHECK(quote(std::string(130, '\x80')) == "'" + std::string(117, '\x80') + "...'");
}
