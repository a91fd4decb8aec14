// SPDX-License-Identifier: MIT
#include <spikelet/io/zip_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <doctest/doctest.h>

#include <spikelet/core/error.hpp>
#include <spikelet/io/file.hpp>
#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/zip.hpp>

#include "io/support.hpp"

namespace spikelet_test::zip_writer_test {

using namespace spikelet;

namespace {

void write(std::string const& path, std::uint64_t long_from, int entries = 3) {
    write_file_atomically(path, [&](FileWriter& file) {
        ZipWriter archive(file, long_from);
        for (int i = 0; i < entries; ++i) {
            archive.add("entry/" + std::to_string(i),
                        std::string(static_cast<std::size_t>(i), 'x'));
        }
        archive.finish();
    });
}

void check(std::string const& path, int entries = 3) {
    MappedFile const file(path);
    auto const found = read_zip(file.bytes());
    REQUIRE(std::ssize(found) == entries);
    for (int i = 0; i < entries; ++i) {
        ZipEntry const& entry = found[static_cast<std::size_t>(i)];
        CHECK(entry.name == "entry/" + std::to_string(i));
        CHECK(std::ssize(entry.bytes) == i);
        CHECK(entry.crc == crc32_of(entry.bytes));
        CHECK((entry.bytes.data() - file.bytes().data()) % 64 == 0);
    }
}

}  // namespace

TEST_CASE("zip_writer: what is written is read back, from places that are multiples of 64") {
    TemporaryFolder folder;
    write(folder / "zip", detail::zip_long);
    check(folder / "zip");
}

TEST_CASE("zip_writer: large archives have fields of 64 bits") {
    TemporaryFolder folder;
    write(folder / "all", 0);
    check(folder / "all");
    write(folder / "places", 100);
    check(folder / "places");
    CHECK(read_file(folder / "all").find("PK\6\7") != std::string::npos);
}

TEST_CASE(
    "zip_writer: an end of 64 bits that is not where it should be, or of a part, is refused") {
    TemporaryFolder folder;
    write(folder / "all", 0);
    std::string const good = read_file(folder / "all");
    auto const complaint = [&](std::size_t at, char byte) {
        std::string file = good;
        file[at] = byte;
        try {
            static_cast<void>(read_zip(std::as_bytes(std::span(file)), "'z'"));
        } catch (Error const& error) { return std::string(error.what()); }
        return std::string();
    };
    std::size_t const end = good.find("PK\6\6");
    CHECK(complaint(end, 'P').empty());
    CHECK(complaint(end, 'Q') == "'z': the archive has no zip64 end where its locator says");
    CHECK(complaint(end + 24, '\2') == "'z': the archive has several parts");
}

TEST_CASE("zip_writer: a name that an archive cannot hold is refused") {
    TemporaryFolder folder;
    auto const name_of = [&](std::size_t length) {
        write_file_atomically(folder / "zip", [&](FileWriter& file) {
            ZipWriter archive(file);
            archive.add(std::string(length, 'n'), "");
            archive.finish();
        });
    };
    CHECK_NOTHROW(name_of(65535));
    CHECK_THROWS_WITH_AS(name_of(65536), doctest::Contains("is too long for an archive"), Error);
}

}  // namespace spikelet_test::zip_writer_test
