// SPDX-License-Identifier: MIT
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <doctest/doctest.h>

#include <spikelet/io/file.hpp>
#include <spikelet/io/file_writer.hpp>

#include "io/support.hpp"

namespace spikelet_test::file_writer_test {

using namespace spikelet;

TEST_CASE("file_writer: a file is written as told and nothing else remains") {
    TemporaryFolder folder;
    write_file_atomically(folder / "a", [](FileWriter& file) {
        file.write("spikes ");
        file.write("");
        file.write("and bytes");
        CHECK(file.written() == 16);
    });
    CHECK(read_file(folder / "a") == "spikes and bytes");
    CHECK(folder.count() == 1);
}

TEST_CASE("file_writer: bytes that were written can be replaced, and summed up") {
    TemporaryFolder folder;
    Checksum sum;
    write_file_atomically(folder / "a", [&](FileWriter& file) {
        file.write("header 0000 ");
        file.sum_into(&sum);
        file.write("some ");
        file.write("data");
        file.sum_into(nullptr);
        file.write("!");
        file.overwrite(7, "1234");
        CHECK(file.written() == 22);
        CHECK_THROWS_AS(file.overwrite(20, "too long"), Error);
        CHECK_THROWS_AS(file.overwrite(~std::size_t{0}, "x"), Error);
    });
    CHECK(read_file(folder / "a") == "header 1234 some data!");
    Checksum expected;
    expected.add("some data");
    CHECK(sum.value() == expected.value());
}

TEST_CASE("file_writer: the old file is there until the new one is whole") {
    TemporaryFolder folder;
    write_file(folder / "a", "old");
    MappedFile const before(folder / "a");
    FileWriter file(folder / "a");
    file.write("new");
    CHECK(read_file(folder / "a") == "old");
    file.commit();
    CHECK(read_file(folder / "a") == "new");
    CHECK(before.text() == "old");
    CHECK(folder.count() == 1);
}

TEST_CASE("file_writer: an exception on the way leaves the old file and nothing else") {
    TemporaryFolder folder;
    write_file(folder / "a", "old");
    auto const fill = [](FileWriter& file) {
        file.write("half of it");
        throw std::runtime_error("no more");
    };
    CHECK_THROWS_WITH_AS(write_file_atomically(folder / "a", fill), "no more", std::runtime_error);
    CHECK(read_file(folder / "a") == "old");
    CHECK(folder.count() == 1);
    CHECK_THROWS_AS(write_file_atomically(folder / "b", fill), std::runtime_error);
    CHECK(folder.count() == 1);
}

TEST_CASE("file_writer: a watch hears of every portion, and may end it") {
    TemporaryFolder folder;
    std::string const long_text(std::size_t{40} << 20, 'x');
    std::vector<std::size_t> heard;
    std::size_t most = long_text.size();
    auto const fill = [&](FileWriter& file) {
        file.write("before");
        file.watch([&](std::size_t written) {
            heard.push_back(written);
            if (written > most) { throw std::runtime_error("enough"); }
        });
        file.write(long_text);
    };
    CHECK_THROWS_AS(write_file_atomically(folder / "file", fill), std::runtime_error);
    CHECK(heard.size() > 1);
    CHECK(heard.back() == long_text.size() + 6);
    CHECK(folder.count() == 0);
    heard.clear();
    most = 0;
    CHECK_THROWS_AS(write_file_atomically(folder / "file", fill), std::runtime_error);
    REQUIRE(heard.size() == 1);
    CHECK(heard[0] < long_text.size());
    CHECK(folder.count() == 0);
    most = 2 * long_text.size();
    write_file_atomically(folder / "file", fill);
    CHECK(read_file(folder / "file") == "before" + long_text);
}

TEST_CASE("file_writer: when there is no room, the message counts and the old file stays") {
    TemporaryFolder folder;
    write_file(folder / "a", "old");
    std::string const much(10'000, 'x');
    std::string message;
    {
        FileSizeLimit const limit(4096);
        try {
            write_file_atomically(folder / "a", [&](FileWriter& file) { file.write(much); });
        } catch (Error const& error) { message = error.what(); }
    }
    CHECK(message ==
          "file: cannot write '" + (folder / "a") + "': File too large after 4096 bytes");
    CHECK(read_file(folder / "a") == "old");
    CHECK(folder.count() == 1);
}

TEST_CASE("file_writer: a device is refused and stays") {
    CHECK_THROWS_WITH_AS(FileWriter{"/dev/null"},
                         "file: '/dev/null' is there and is not a regular file", Error);
    CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("file_writer: a folder that took the name meanwhile is refused and stays") {
    TemporaryFolder folder;
    {
        FileWriter file(folder / "a");
        file.write("new");
        std::filesystem::create_directory(folder / "a");
        CHECK_THROWS_WITH_AS(
            file.commit(),
            ("file: cannot replace '" + (folder / "a") + "': Is a directory").c_str(), Error);
    }
    CHECK(std::filesystem::is_directory(folder / "a"));
    CHECK(folder.count() == 1);
}

TEST_CASE("file_writer: several writers of one file do not meet") {
    TemporaryFolder folder;
    FileWriter first(folder / "a");
    FileWriter second(folder / "a");
    first.write("first");
    second.write("second");
    second.commit();
    CHECK(read_file(folder / "a") == "second");
    first.commit();
    CHECK(read_file(folder / "a") == "first");
    CHECK(folder.count() == 1);
}

TEST_CASE("file_writer: permissions of the old file pass on") {
    TemporaryFolder folder;
    write_file(folder / "a", "old");
    REQUIRE(::chmod((folder / "a").c_str(), 0640) == 0);
    write_file_atomically(folder / "a", [](FileWriter& file) { file.write("new"); });
    struct stat status {};
    REQUIRE(::stat((folder / "a").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("file_writer: a link is replaced, what it points to stays") {
    TemporaryFolder folder;
    write_file(folder / "target", "old");
    std::filesystem::create_symlink("target", folder / "link");
    write_file_atomically(folder / "link", [](FileWriter& file) { file.write("new"); });
    CHECK(read_file(folder / "target") == "old");
    CHECK(read_file(folder / "link") == "new");
}

TEST_CASE("file_writer: a name without a folder lies in the current one") {
    TemporaryFolder folder;
    auto const before = std::filesystem::current_path();
    std::filesystem::current_path(folder / ".");
    write_file_atomically("plain", [](FileWriter& file) { file.write("here"); });
    std::filesystem::current_path(before);
    CHECK(read_file(folder / "plain") == "here");
}

TEST_CASE("file_writer: refusals say which file and why") {
    TemporaryFolder folder;
    std::string const nowhere = folder / "no/such/file";
    CHECK_THROWS_WITH_AS(
        FileWriter{nowhere},
        ("file: cannot open the folder of '" + nowhere + "': No such file or directory").c_str(),
        Error);
    write_file(folder / "file", "");
    CHECK_THROWS_WITH_AS(
        FileWriter{folder / "file/a"},
        ("file: cannot open the folder of '" + (folder / "file/a") + "': Not a directory").c_str(),
        Error);
    std::filesystem::create_directory(folder / "sub");
    CHECK_THROWS_WITH_AS(FileWriter{folder / "sub"},
                         doctest::Contains("is there and is not a regular file"), Error);
    CHECK_THROWS_WITH_AS(FileWriter{folder / "sub/"},
                         doctest::Contains("is not the name of a file"), Error);
    CHECK_THROWS_WITH_AS(FileWriter{""}, "file: '' is not the name of a file", Error);
    CHECK(folder.count() == 2);
}

TEST_CASE("file_writer: a folder that may not be written to is refused, the old file stays") {
    TemporaryFolder folder;
    write_file(folder / "a", "old");
    REQUIRE(::chmod((folder / ".").c_str(), 0555) == 0);
    {
        AsNobody const nobody;
        if (!nobody.works()) {
            MESSAGE("left out: the superuser cannot become somebody else here");
            return;
        }
        CHECK_THROWS_WITH_AS(FileWriter{folder / "a"},
                             ("file: cannot create a temporary file beside '" + (folder / "a") +
                              "': Permission denied")
                                 .c_str(),
                             Error);
    }
    REQUIRE(::chmod((folder / ".").c_str(), 0700) == 0);
    CHECK(read_file(folder / "a") == "old");
    CHECK(folder.count() == 1);
}

}  // namespace spikelet_test::file_writer_test
