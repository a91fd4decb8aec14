// SPDX-License-Identifier: MIT
#include <spikelet/io/inflate.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace spikelet_test::inflate_test {

using namespace spikelet;
using namespace std::string_literals;

namespace {

// "hello hello hello hello\n" as raw deflate, and what else an entry says of it.
std::string const deflated = "\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\xb9\0"s;
std::string const content = "hello hello hello hello\n";

ZipEntry entry_of(std::string const& packed, std::uint64_t size, std::string const& text) {
    return {.name = "e",
            .method = ZipEntry::Method::deflated,
            .crc = crc32_of(std::as_bytes(std::span(text))),
            .size = size,
            .bytes = std::as_bytes(std::span(packed))};
}

std::string complaint(ZipEntry const& entry) {
    try {
        static_cast<void>(inflate(entry, "'z'"));
    } catch (Error const& error) { return error.what(); }
    return {};
}

}  // namespace

TEST_CASE("inflate: an entry's content comes back") {
    auto const bytes = inflate(entry_of(deflated, content.size(), content), "'z'");
    CHECK(std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size()) == content);
    CHECK(inflate(entry_of("\3\0"s, 0, ""), "'z'").empty());
}

TEST_CASE("inflate: the CRC-32 is that of zip") {
    CHECK(crc32_of(std::as_bytes(std::span(std::string_view("123456789")))) == 0xcbf43926);
    CHECK(crc32_of({}) == 0);
}

TEST_CASE("inflate: sizes and checksums that are not true are refused") {
    CHECK(complaint(entry_of(deflated, 23, content)) ==
          "'z': damaged: its 11 bytes do not inflate to 23");
    CHECK(complaint(entry_of(deflated, 25, content)) ==
          "'z': damaged: its 11 bytes do not inflate to 25");
    CHECK(complaint(entry_of(deflated + "x", 24, content)) ==
          "'z': damaged: its 12 bytes do not inflate to 24");
    CHECK(complaint(entry_of(deflated, 24, "hello")) == "'z': damaged: its CRC-32 does not agree");
    for (std::size_t length = 0; length < deflated.size(); ++length) {
        CHECK_FALSE(complaint(entry_of(deflated.substr(0, length), 24, content)).empty());
    }
}

TEST_CASE("inflate: no memory is taken that so few bytes cannot fill") {
    CHECK(complaint(entry_of(deflated, std::uint64_t{1} << 40, content)) ==
          "'z': 11 bytes cannot inflate to 1099511627776");
}

}  // namespace spikelet_test::inflate_test
