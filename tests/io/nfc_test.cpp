// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>
#include <utf8proc.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/nfc.hpp>

namespace spikelet_test::nfc_test {

using namespace spikelet;

namespace {

std::string nfc(std::string_view text) {
    std::string memory;
    return std::string(to_nfc(text, memory));
}

// The same by utf8proc alone.
std::string nfc_by_utf8proc(std::string const& text) {
    auto* const made = utf8proc_NFC(reinterpret_cast<utf8proc_uint8_t const*>(text.c_str()));
    std::string copy(reinterpret_cast<char const*>(made));
    std::free(made);
    return copy;
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

TEST_CASE("nfc: runs give what utf8proc gives of all of the text") {
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
        CHECK(nfc(text) == nfc_by_utf8proc(text));
    }
}

TEST_CASE("nfc: every character is what utf8proc makes of it, alone and between marks") {
    for (char32_t c = 1; c < 0x110000; ++c) {
        std::string alone;
        append_utf8(alone, c);
        bool const changes = nfc_by_utf8proc(alone) != alone;
        if (!changes && c > 0x3000 && c % 16 != 0) { continue; }
        std::string const between = "e\xcc\x81" + alone + "\xcc\x81\xcc\xa7\xd6\xb4" + alone;
        if (nfc(alone) != nfc_by_utf8proc(alone) || nfc(between) != nfc_by_utf8proc(between)) {
            FAIL("character ", static_cast<unsigned>(c));
        }
    }
}

TEST_CASE("nfc: a text of marks in the worst order takes no time that grows with its square") {
    std::string marks;
    std::string sorted;
    for (int i = 0; i < 150'000; ++i) { marks += "\xcc\x81"; }  // class 230
    for (int i = 0; i < 150'000; ++i) { marks += "\xcc\xa7"; }  // class 202
    for (int i = 0; i < 150'000; ++i) { sorted += "\xcc\xa7"; }
    for (int i = 0; i < 150'000; ++i) { sorted += "\xcc\x81"; }
    auto const begin = std::chrono::steady_clock::now();
    CHECK(nfc(marks) == sorted);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

}  // namespace spikelet_test::nfc_test
