// SPDX-License-Identifier: MIT
#include <string>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/nfc.hpp>

namespace spikelet_test::nfc_test {

using namespace spikelet;

namespace {

std::string nfc(std::string_view text) {
    std::string memory;
    return std::string(to_nfc(text, memory));
}

// The same by utf8proc in one piece.
std::string nfc_in_one_piece(std::string_view text) {
    std::string made;
    detail::append_nfc(made, text);
    return made;
}

}  // namespace

TEST_CASE("nfc: letters and accents go together") {
    CHECK(nfc("") == "");
    CHECK(nfc("plain, déjà vu") == "plain, déjà vu");
    CHECK(nfc("e\xcc\x81") == "é");
    CHECK(nfc("\xcc\x81") == "\xcc\x81");
    CHECK(nfc("\xe2\x84\xab") == "Å");                           // the sign of the unit
    CHECK(nfc("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab") == "한");  // from its parts
}

TEST_CASE("nfc: text that is in form C already is not copied") {
    std::string const text = "déjà vu";
    std::string memory;
    CHECK(to_nfc(text, memory).data() == text.data());
}

TEST_CASE("nfc: runs give what all of the text gives") {
    constexpr std::string_view choice[] = {"a",
                                           "é",
                                           " ",
                                           "\xcc\x81",
                                           "\xcc\xa7",
                                           "ä",
                                           "\xcc\x88",
                                           "\xe2\x84\xab",
                                           "日",
                                           "\xe1\x84\x92",
                                           "\xe1\x85\xa1",
                                           "😀"};
    Rng rng(12);
    for (int i = 0; i < 2000; ++i) {
        std::string text;
        for (int k = 0; k < 12; ++k) { text += choice[rng.below(std::ssize(choice))]; }
        CAPTURE(text);
        CHECK(nfc(text) == nfc_in_one_piece(text));
    }
}

}  // namespace spikelet_test::nfc_test
