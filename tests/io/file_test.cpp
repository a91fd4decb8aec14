// SPDX-License-Identifier: MIT
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <spikelet/io/file.hpp>

#include "io/support.hpp"

namespace spikelet_test::file_test {

using namespace spikelet;

static_assert(!std::is_copy_constructible_v<MappedFile>);
static_assert(std::is_nothrow_move_constructible_v<MappedFile>);
static_assert(std::is_nothrow_move_assignable_v<MappedFile>);

TEST_CASE("file: a mapped file is its bytes") {
    TemporaryFolder folder;
    std::string const content("spikes\0and\xff bytes", 17);
    write_file(folder / "a", content);
    MappedFile const file(folder / "a");
    CHECK(file.text() == content);
    CHECK(file.bytes().size() == content.size());
    CHECK(file.path() == folder / "a");
}

TEST_CASE("file: an empty file has no bytes") {
    TemporaryFolder folder;
    write_file(folder / "empty", "");
    CHECK(MappedFile(folder / "empty").bytes().empty());
    CHECK(MappedFile().bytes().empty());
}

TEST_CASE("file: a mapping moves and stays where it is") {
    TemporaryFolder folder;
    write_file(folder / "a", "first");
    write_file(folder / "b", "second");
    MappedFile a(folder / "a");
    auto const* const address = a.bytes().data();
    MappedFile moved(std::move(a));
    CHECK(moved.bytes().data() == address);
    moved = MappedFile(folder / "b");
    CHECK(moved.text() == "second");
}

TEST_CASE("file: a mapping outlives its file") {
    TemporaryFolder folder;
    write_file(folder / "a", "still here");
    MappedFile const file(folder / "a");
    std::filesystem::remove(folder / "a");
    CHECK(file.text() == "still here");
}

TEST_CASE("file: refusals say which file and why") {
    TemporaryFolder folder;
    std::string const missing = folder / "missing";
    CHECK_THROWS_WITH_AS(MappedFile{missing},
                         ("file: cannot open '" + missing + "': No such file or directory").c_str(),
                         Error);
    std::string const here = folder / ".";
    CHECK_THROWS_WITH_AS(MappedFile{here}, ("file: '" + here + "' is a directory").c_str(), Error);
    std::string const pipe = folder / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_THROWS_WITH_AS(MappedFile{pipe}, ("file: '" + pipe + "' is not a regular file").c_str(),
                         Error);
}

TEST_CASE("file: a file that may not be read is refused") {
    if (::geteuid() == 0) {
        MESSAGE("skipped: the superuser may read everything");
        return;
    }
    TemporaryFolder folder;
    write_file(folder / "secret", "x");
    REQUIRE(::chmod((folder / "secret").c_str(), 0) == 0);
    CHECK_THROWS_WITH_AS(MappedFile{folder / "secret"}, doctest::Contains("Permission denied"),
                         Error);
}

TEST_CASE("file: descriptors are closed at the end of their life") {
    int number = -1;
    {
        FileDescriptor const file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        REQUIRE(file.is_open());
        number = file.number();
    }
    CHECK(::fcntl(number, F_GETFD) == -1);
    CHECK_FALSE(FileDescriptor().is_open());
}

}  // namespace spikelet_test::file_test
