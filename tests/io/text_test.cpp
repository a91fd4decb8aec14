// SPDX-License-Identifier: MIT
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/text.hpp>

#include "io/support.hpp"

namespace spikelet_test::text_test {

using namespace spikelet;

namespace {

std::string content(Text const& text) {
    std::string result;
    for (TextPiece const& piece : text.pieces()) { result += piece.bytes; }
    return result;
}

Text three_files(TemporaryFolder const& folder) {
    write_file(folder / "a", "abc");
    write_file(folder / "empty", "");
    write_file(folder / "b", "defgh");
    return Text::of_files({folder / "a", folder / "empty", folder / "b"});
}

}  // namespace

TEST_CASE("text: a file is its bytes") {
    TemporaryFolder folder;
    write_file(folder / "a", "spikes");
    Text const text(folder / "a");
    CHECK(text.size() == 6);
    CHECK(content(text) == "spikes");
    CHECK(text.name() == "'" + (folder / "a") + "'");
    CHECK(text[0] == 's');
    CHECK(text[5] == 's');
    CHECK_THROWS_WITH_AS(Text(folder / "missing"), doctest::Contains("No such file"), Error);
}

TEST_CASE("text: files follow each other, empty ones do not matter") {
    TemporaryFolder folder;
    Text const text = three_files(folder);
    CHECK(text.size() == 8);
    CHECK(content(text) == "abcdefgh");
    CHECK(text.pieces().size() == 2);
    CHECK(text.name() == "'" + (folder / "a") + "' and 2 more");
    CHECK(text[2] == 'c');
    CHECK(text[3] == 'd');
    CHECK(Text().size() == 0);
    CHECK(Text::of_files({}).size() == 0);
}

TEST_CASE("text: bytes are copied as numbers across the borders of files") {
    TemporaryFolder folder;
    Text const text = three_files(folder);
    for (spikelet::index first = 0; first <= text.size(); ++first) {
        for (spikelet::index last = first; last <= text.size(); ++last) {
            std::vector<std::int32_t> ids(static_cast<std::size_t>(last - first), -1);
            text.copy(first, ids);
            for (spikelet::index i = first; i < last; ++i) {
                CHECK(ids[static_cast<std::size_t>(i - first)] == 'a' + i);
            }
        }
    }
    Text const high = Text::of_string("\xff\x80");
    std::vector<std::int32_t> ids(2);
    high.copy(0, ids);
    CHECK(ids == std::vector<std::int32_t>{255, 128});
}

TEST_CASE("text: a slice knows where it comes from") {
    TemporaryFolder folder;
    Text const text = three_files(folder);
    Text const slice = text.slice(2, 6);
    CHECK(content(slice) == "cdef");
    CHECK(slice.size() == 4);
    CHECK(slice[0] == 'c');
    CHECK(slice[1] == 'd');
    CHECK(slice.pieces()[0].offset == 2);
    CHECK(slice.pieces()[1].offset == 0);
    CHECK(content(slice.slice(1, 3)) == "de");
    CHECK(slice.slice(2, 3).pieces()[0].offset == 1);
    CHECK(text.slice(8, 8).size() == 0);
    CHECK(text.slice(3, 3).size() == 0);
    CHECK(slice.name() == "bytes 2 to 6 of " + text.name());
}

TEST_CASE("text: a slice outlives the text") {
    Text slice;
    {
        Text const text = Text::of_string("short lived", "note");
        slice = text.slice(6, 11);
    }
    CHECK(content(slice) == "lived");
    CHECK(slice.pieces()[0].source == "'note'");
}

TEST_CASE("text: the last part is split off") {
    Text const text = Text::of_string("0123456789");
    CHECK(content(text.split(0.3).train) == "0123456");
    CHECK(content(text.split(0.3).valid) == "789");
    CHECK(text.split(0.0).valid.size() == 0);
    CHECK(text.split(1.0).train.size() == 0);
    CHECK(Text().split(0.5).valid.size() == 0);
    CHECK_THROWS_WITH_AS(text.split(-0.1), doctest::Contains("not within 0 to 1"), Error);
    CHECK_THROWS_WITH_AS(text.split(1.1), doctest::Contains("not within 0 to 1"), Error);
    CHECK_THROWS_AS(text.split(0.0 / 0.0), Error);
}

TEST_CASE("text: a split does not cut a character") {
    Text const text = Text::of_string("aä€😀z");
    for (int percent = 0; percent <= 100; ++percent) {
        CAPTURE(percent);
        TextSplit const parts = text.split(percent / 100.0);
        CHECK(content(parts.train) + content(parts.valid) == "aä€😀z");
        CHECK_NOTHROW(check_utf8("train", content(parts.train)));
        CHECK_NOTHROW(check_utf8("valid", content(parts.valid)));
    }
}

TEST_CASE("text: what is not UTF-8 is found in its file") {
    TemporaryFolder folder;
    write_file(folder / "a", "abc");
    write_file(folder / "b", "de\xff");
    Text const text = Text::of_files({folder / "a", folder / "b"}).slice(1, 6);
    CHECK_NOTHROW(text.pieces()[0].check_utf8());
    CHECK_THROWS_WITH_AS(
        text.pieces()[1].check_utf8(),
        ("'" + (folder / "b") + "': byte 2 (value 255) is not valid UTF-8").c_str(), Error);
}

}  // namespace spikelet_test::text_test
