// SPDX-License-Identifier: MIT
#include <spikelet/io/zip.hpp>

#include <span>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "io/torch_support.hpp"

namespace spikelet_test::zip_test {

using namespace spikelet;

namespace {

std::string complaint(std::string const& file) {
    try {
        static_cast<void>(read_zip(std::as_bytes(std::span(file)), "'z'"));
    } catch (Error const& error) { return error.what(); }
    return {};
}

bool complains(std::string const& file, std::string_view of) {
    return complaint(file).find(of) != std::string::npos;
}

}  // namespace

TEST_CASE("zip: entries are found with their bytes") {
    std::string const file = fake_zip({{.name = "a", .content = "one"}, {.name = "b/c"}});
    auto const entries = read_zip(std::as_bytes(std::span(file)));
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].name == "a");
    CHECK(entries[0].size == 3);
    CHECK(entries[0].method == ZipEntry::Method::stored);
    CHECK(std::string_view(reinterpret_cast<char const*>(entries[0].bytes.data()), 3) == "one");
    CHECK(entries[1].name == "b/c");
    CHECK(entries[1].bytes.empty());
    std::string const empty = fake_zip({});
    CHECK(read_zip(std::as_bytes(std::span(empty))).empty());
}

TEST_CASE("zip: a comment at the end may look like anything") {
    std::string file = fake_zip({{.name = "a", .content = "one"}});
    std::string const comment = "PK\5\6 is how it ends";
    file.replace(file.size() - 2, 2, bytes_of(static_cast<std::uint16_t>(comment.size())));
    CHECK(complaint(file + comment).empty());
    CHECK(complains(file + "x", "should end with its directory"));
}

TEST_CASE("zip: an entry that lies elsewhere than it says is refused") {
    FakeEntry const one{.name = "a", .content = "one"};
    auto const with = [&](FakeEntry const& other) { return fake_zip({one, other}); };
    CHECK(complaint(with({.name = "b", .content = "two"})).empty());
    CHECK(complains(with({.name = "b", .content = "two", .begin = 1}), "has no header where"));
    CHECK(complains(with({.name = "b", .content = "two", .begin = 1u << 31}), "cut short"));
    CHECK(complains(with({.name = "b", .content = "two", .packed = 1u << 20, .size = 1u << 20}),
                    "cut short"));
    CHECK(complains(with({.name = "b", .content = "two", .packed = 1}), "has two sizes"));
    CHECK(complains(with({.name = "b", .content = "2", .local_name = "c"}), "has another name"));
    CHECK(complains(with({.name = "a", .content = "two"}), "'a' is there twice"));
    CHECK(complains(fake_zip({{.name = "a", .content = "1", .packed = 9, .size = 9},
                              {.name = "b", .content = "2"}}),
                    "'a' overlaps the entry 'b'"));
    // Two names for the same bytes.
    std::string const twice = fake_zip({one, {.name = "a", .content = "two", .begin = -34u}});
    CHECK(complains(twice, "overlaps"));
}

TEST_CASE("zip: what cannot be read is named") {
    CHECK(complains(fake_zip({{.name = "a", .content = "1", .method = 12}}), "by method 12"));
    CHECK(complains(fake_zip({{.name = "a", .content = "1", .flags = 1}}), "is encrypted"));
    CHECK(complains(fake_zip({{.name = "a", .content = "1"}}, 1), "directory"));
    CHECK(complains(fake_zip({{.name = "a", .content = "1"}}, 1000), "too small for its 1001"));
}

TEST_CASE("zip: a directory that is not what its end says is refused") {
    std::string const good = fake_zip({{.name = "a", .content = "one"}});
    std::size_t const end = good.find("PK\5\6");
    auto const with = [&](std::size_t at, std::string const& bytes) {
        return std::string(good).replace(at, bytes.size(), bytes);
    };
    REQUIRE(complaint(good).empty());
    CHECK(complains(with(good.find("PK\1\2"), "PK\1\3"), "directory is damaged"));
    CHECK(complains(with(end + 12, "\x2e"), "directory is damaged"));  // its size, one byte less
    CHECK(complains(with(end + 12, "\x30").insert(end, "x"), "has more than its entries"));
    CHECK(complains(with(end + 4, "\1"), "several parts"));  // number of this disk
    CHECK(complains(with(end + 8, "\2"), "several parts"));  // entries on this disk
}

TEST_CASE("zip: an archive cut at any byte is refused") {
    std::string const whole = fake_zip({{.name = "a", .content = "one"}, {.name = "b"}});
    REQUIRE(complaint(whole).empty());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CAPTURE(length);
        CHECK_FALSE(complaint(whole.substr(0, length)).empty());
        CHECK_FALSE(complaint(whole.substr(whole.size() - length)).empty());
    }
}

}  // namespace spikelet_test::zip_test
