// SPDX-License-Identifier: MIT
#include <spikelet/io/byte_reader.hpp>

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include <doctest/doctest.h>

namespace spikelet_test::byte_reader_test {

using namespace spikelet;

TEST_CASE("byte_reader: numbers, texts and lines are taken in turn") {
    std::string const file = "\1\2\3\4\5abc-line\nrest";
    ByteReader in("'f'", std::as_bytes(std::span(file)));
    CHECK(in.number<std::uint8_t>("a number") == 1);
    CHECK(in.number<std::uint32_t>("a number") == 0x05040302);
    CHECK(in.text(3, "a text") == "abc");
    CHECK(in.take(1, "a byte").front() == std::byte{'-'});
    CHECK(in.line("a line") == "line");
    CHECK(in.place() == 14);
    CHECK(in.left() == 4);
    in.go_to(5, "a text");
    CHECK(in.text(3, "a text") == "abc");
}

TEST_CASE("byte_reader: nothing is taken that is not there, whatever is asked for") {
    std::string const file = "abcd";
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    auto const reader = [&] {
        ByteReader in("'f'", std::as_bytes(std::span(file)));
        in.take(1, "a byte");
        return in;
    };
    CHECK_THROWS_WITH_AS(
        reader().take(4, "data"),
        "'f': cut short or damaged: at byte 1 should be 4 bytes of data, and there are only 4",
        Error);
    CHECK_THROWS_WITH_AS(
        reader().go_to(5, "a table"),
        "'f': cut short or damaged: at byte 5 should be a table, and there are only 4", Error);
    CHECK_THROWS_AS(reader().take(most, "data"), Error);
    CHECK_THROWS_AS(reader().text(most, "data"), Error);
    CHECK_THROWS_AS(reader().go_to(most, "data"), Error);
    CHECK_THROWS_AS(reader().line("a line"), Error);
    CHECK_THROWS_AS(reader().number<std::uint32_t>("a number"), Error);
    CHECK_NOTHROW(reader().take(3, "data"));
    CHECK_NOTHROW(reader().go_to(4, "the end"));
}

}  // namespace spikelet_test::byte_reader_test
