// SPDX-License-Identifier: MIT
#include <spikelet/io/checkpoint_file.hpp>

#include <cstring>
#include <string>

#include <doctest/doctest.h>

#include "io/torch_support.hpp"

namespace spikelet_test::checkpoint_file_test {

using namespace spikelet;

TEST_CASE("checkpoint_file: both formats are opened, by what is in them") {
    TemporaryFolder folder;
    auto const official = CheckpointFile::open(torch_folder() + "all_legacy.pth");
    CHECK(official.is_torch());
    write_tensors(folder / "a.safetensors", official.tensors(), {{"k", "v"}});
    write_tensors(folder / "a.pth", official.tensors(), {{"k", "v"}});
    std::filesystem::rename(folder / "a.pth", folder / "b.safetensors");
    std::filesystem::rename(folder / "a.safetensors", folder / "b.pth");
    for (char const* name : {"b.safetensors", "b.pth"}) {
        auto const file = CheckpointFile::open(folder / name);
        CHECK(file.is_torch() == (std::string_view(name) == "b.safetensors"));
        CHECK(file.path() == folder / name);
        file.verify();
        CHECK(file.metadata() == Metadata{{"k", "v"}});
        CHECK(file.names() == official.names());
        CHECK(file.read<float>("turned") == official.read<float>("turned"));
    }
}

TEST_CASE("checkpoint_file: converting there and back changes no bit") {
    TemporaryFolder folder;
    auto const copy = [&](char const* from, char const* to) {
        auto const file = CheckpointFile::open(folder / from);
        write_tensors(folder / to, file.tensors(), file.metadata());
    };
    auto const official = CheckpointFile::open(torch_folder() + "all_zip.pth");
    write_tensors(folder / "1.safetensors", official.tensors(), {{"k", "v"}});
    copy("1.safetensors", "2.pth");
    copy("2.pth", "3.safetensors");
    copy("3.safetensors", "4.pt");
    CHECK(read_file(folder / "1.safetensors") == read_file(folder / "3.safetensors"));
    CHECK(read_file(folder / "2.pth") == read_file(folder / "4.pt"));
}

TEST_CASE("checkpoint_file: who watches hears of all bytes in either format") {
    TemporaryFolder folder;
    auto const official = CheckpointFile::open(torch_folder() + "all_zip.pth");
    for (char const* name : {"a.safetensors", "a.pth"}) {
        std::size_t heard = 0;
        write_tensors(folder / name, official.tensors(), {},
                      [&](std::size_t written) { heard = written; });
        CHECK(heard == read_file(folder / name).size());
        struct Enough {};
        CHECK_THROWS_AS(write_tensors(folder / name, {}, {}, [](std::size_t) { throw Enough{}; }),
                        Enough);
        CHECK(heard == read_file(folder / name).size());
    }
}

TEST_CASE("checkpoint_file: wherever the disk is full, the old file stays whole") {
    TemporaryFolder folder;
    auto const official = CheckpointFile::open(torch_folder() + "all_zip.pth");
    for (char const* name : {"a.safetensors", "a.pth"}) {
        std::string const path = folder / name;
        write_tensors(path, official.tensors(), {{"k", "v"}});
        std::string const old = read_file(path);
        for (std::size_t room = 0; room < old.size(); room += 97) {
            CAPTURE(room);
            FileSizeLimit const limit(room);
            CHECK_THROWS_WITH_AS(write_tensors(path, official.tensors(), {{"k", "w"}}),
                                 ("file: cannot write '" + path + "': File too large after " +
                                  std::to_string(room) + " bytes")
                                     .c_str(),
                                 Error);
        }
        CHECK(read_file(path) == old);
        CheckpointFile::open(path).verify();
    }
    CHECK(folder.count() == 2);
}

TEST_CASE("checkpoint_file: a safetensors file may begin like any other") {
    // The length of its header is 0x80, as a pickle begins.
    std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    header.resize(0x80, ' ');
    TemporaryFolder folder;
    write_file(folder / "a", bytes_of(std::uint64_t{0x80}) + header + "x");
    CHECK_FALSE(CheckpointFile::open(folder / "a").is_torch());
}

TEST_CASE("checkpoint_file: other names and other files are refused") {
    TemporaryFolder folder;
    CHECK_THROWS_WITH_AS(write_tensors(folder / "a.txt", {}),
                         ("'" + (folder / "a.txt") +
                          "': expected a name that ends with .safetensors, or .pth for PyTorch")
                             .c_str(),
                         Error);
    write_file(folder / "text", "a text");
    CHECK_THROWS_AS(static_cast<void>(CheckpointFile::open(folder / "text")), Error);
    CHECK_THROWS_AS(static_cast<void>(CheckpointFile::open(folder / "none")), Error);
}

}  // namespace spikelet_test::checkpoint_file_test
