// SPDX-License-Identifier: MIT
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <spikelet/io/byte_alphabet.hpp>

namespace spikelet_test::byte_alphabet_test {

using namespace spikelet;

TEST_CASE("byte_alphabet: every byte has a character of its own, and comes back") {
    std::set<char32_t> characters;
    std::string all;
    for (unsigned byte = 0; byte < 256; ++byte) {
        characters.insert(character_of_byte(static_cast<unsigned char>(byte)));
        all += static_cast<char>(static_cast<unsigned char>(byte));
    }
    CHECK(characters.size() == 256);
    CHECK(bytes_from_characters(bytes_as_characters(all)) == all);
}

TEST_CASE("byte_alphabet: bytes that print stay, the others follow from U+0100 on") {
    CHECK(bytes_as_characters(" a\n") == "ĠaĊ");
    CHECK(bytes_as_characters(std::string_view("\0\x7f\xad\xff", 4)) == "ĀġŃÿ");
}

TEST_CASE("byte_alphabet: other characters stand for no byte") {
    CHECK(bytes_from_characters("") == "");
    CHECK_FALSE(bytes_from_characters("a b"));
    CHECK_FALSE(bytes_from_characters("€"));
    CHECK_FALSE(bytes_from_characters("\xff"));
}

}  // namespace spikelet_test::byte_alphabet_test
