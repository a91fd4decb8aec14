// SPDX-License-Identifier: MIT
#include <spikelet/io/torch_file.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "io/torch_support.hpp"

namespace spikelet_test::torch_file_test {

using namespace spikelet;

using namespace std::string_literals;
using Shape = std::vector<spikelet::index>;

namespace {

/// What is wrong with a view of four numbers; its place, shape and strides are opcodes.
std::string complaint_of(std::string const& offset, std::string const& shape,
                         std::string const& strides) {
    std::string const tensor = pickled_tensor(pickled_storage("0", 4), offset, shape, strides);
    return torch_complaint(fake_torch(pickled_dict(tensor), std::string(16, '\0')));
}

}  // namespace

TEST_CASE("torch_file: every form of a file has the same tensors") {
    for (char const* form : {"zip", "legacy", "deflated", "protocol4"}) {
        CAPTURE(form);
        auto const file = TorchFile::open(torch_folder() + "all_" + form + ".pth");
        CHECK_NOTHROW(file.verify());
        CHECK(file.tensors().size() == 15);
        CHECK(file.metadata().empty());
        CHECK(file.tensor("matrix").shape == Shape{3, 4});
        CHECK(file.read_bits<float>("matrix") ==
              std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
        for (char const* few : {"f64", "f16", "bf16"}) {
            CHECK(file.read<double>(few) == std::vector<double>{1.5, -0.25, 0.0});
        }
        CHECK(file.tensor("f16").dtype == Dtype::F16);
        CHECK(file.tensor("bf16").dtype == Dtype::BF16);
        CHECK(file.tensor("i64").shape.empty());
        CHECK(file.read_bits<std::int64_t>("i64") == std::vector<std::int64_t>{-5});
        CHECK(file.read_bits<std::int32_t>("i32") == std::vector<std::int32_t>{7, -8});
        CHECK(file.read_bits<std::int8_t>("i8") == std::vector<std::int8_t>{-1, 2});
        CHECK(file.read_bits<std::uint8_t>("u8") == std::vector<std::uint8_t>{255, 0});
        CHECK(file.tensor("bool").dtype == Dtype::Bool);
        CHECK(file.read<float>("bool") == std::vector<float>{1, 0, 1});
        CHECK(file.tensor("empty").shape == Shape{0, 7});
        CHECK(file.read<float>("empty").empty());
        CHECK(file.read<float>("parameter") == std::vector<float>{3});
    }
}

TEST_CASE("torch_file: views of one storage become tensors of their own") {
    for (char const* form : {"zip", "legacy", "deflated"}) {
        CAPTURE(form);
        auto const file = TorchFile::open(torch_folder() + "all_" + form + ".pth");
        CHECK(file.tensor("turned").shape == Shape{4, 3});
        CHECK(file.read<float>("turned") ==
              std::vector<float>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11});
        CHECK(file.read<float>("row") == std::vector<float>{4, 5, 6, 7});
        CHECK(file.read<float>("every_other") == std::vector<float>{0, 2, 4, 6, 8, 10});
        auto const permuted = file.read_bits<std::int16_t>("permuted");
        for (int i = 0; i < 24; ++i) {  // [4, 2, 3] of [2, 3, 4]
            int const value = i / 3 % 2 * 12 + i % 3 * 4 + i / 6;
            CHECK(permuted[static_cast<std::size_t>(i)] == value);
        }
    }
}

TEST_CASE("torch_file: a view across a storage is put together whatever the width of its numbers") {
    for (auto const& storage : {std::pair{"ByteStorage", 1}, std::pair{"ShortStorage", 2},
                                std::pair{"FloatStorage", 4}, std::pair{"LongStorage", 8}}) {
        auto const& [type, width] = storage;
        CAPTURE(storage.first);
        auto const size = static_cast<std::size_t>(width);
        std::string numbers;
        for (std::size_t i = 0; i < 4 * size; ++i) { numbers += static_cast<char>(i); }
        std::string const file =
            fake_torch(pickled_dict(pickled_tensor(pickled_storage("0", 4, type), "K\0"s,
                                                   "K\2K\2\x86", "K\1K\2\x86")),
                       numbers);
        TorchContents const contents = parse_torch(std::as_bytes(std::span(file)));
        REQUIRE(contents.tensors.size() == 1);
        std::string turned;
        for (std::size_t const i : {0U, 2U, 1U, 3U}) { turned += numbers.substr(i * size, size); }
        std::span<std::byte const> const bytes = contents.tensors[0].bytes;
        CHECK(std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size()) == turned);
    }
}

TEST_CASE("torch_file: numbers that were released can be read again") {
    auto const file = TorchFile::open(torch_folder() + "all_zip.pth");
    for (StoredTensor const& tensor : file.tensors()) { file.release(tensor.bytes); }
    CHECK(file.read<float>("row") == std::vector<float>{4, 5, 6, 7});
}

TEST_CASE("torch_file: what lies in the file as it should be is not copied") {
    MappedFile const file(torch_folder() + "all_zip.pth");
    TorchContents const contents = parse_torch(file.bytes());
    auto const inside = [&](char const* name) {
        for (StoredTensor const& tensor : contents.tensors) {
            if (tensor.name != name) { continue; }
            auto const* const end = file.bytes().data() + file.bytes().size();
            return tensor.bytes.data() >= file.bytes().data() && tensor.bytes.data() < end;
        }
        return false;
    };
    CHECK(inside("matrix"));
    CHECK(inside("row"));
    CHECK_FALSE(inside("turned"));
    CHECK(contents.unpacked.size() == 3);
}

TEST_CASE("torch_file: a state_dict is read, and so are dictionaries within dictionaries") {
    auto const module = TorchFile::open(torch_folder() + "module.pth");
    CHECK(module.names() == std::vector<std::string>{"0.bias", "0.weight", "1.weight"});
    CHECK(module.metadata().empty());
    CHECK(module.read<float>("0.weight") == std::vector<float>{1, 1, 1});
    auto const nested = TorchFile::open(torch_folder() + "nested.pth");
    CHECK(nested.names() ==
          std::vector<std::string>{"group.0.mean", "list.2", "list.3.0", "model.w"});
    CHECK(nested.read<float>("list.3.0") == std::vector<float>{5});
    CHECK(nested.read<float>("model.w") == std::vector<float>{1, 2});
}

TEST_CASE("torch_file: an open file moves") {
    auto file = TorchFile::open(torch_folder() + "all_deflated.pth");
    TorchFile const moved = std::move(file);
    CHECK(moved.read<float>("row") == std::vector<float>{4, 5, 6, 7});
    CHECK(moved.find("no") == nullptr);
    CHECK(moved.find("row") == &moved.tensor("row"));
}

TEST_CASE("torch_file: what PyTorch calls objects is refused by name") {
    auto const message = [](char const* name) {
        try {
            static_cast<void>(TorchFile::open(torch_folder() + name));
        } catch (Error const& error) { return std::string(error.what()); }
        return std::string();
    };
    CHECK(message("refused_module.pth").find("asks for 'torch.nn.modules.linear.Linear'") !=
          std::string::npos);
    CHECK(message("refused_complex.pth").find("asks for 'torch.ComplexFloatStorage'") !=
          std::string::npos);
}

TEST_CASE("torch_file: a tensor lies within its storage") {
    auto const zero = "K\0"s;
    CHECK(complaint_of(zero, "K\4\x85", "K\1\x85").empty());
    CHECK(complaint_of(zero, "K\2K\2\x86", "K\1K\2\x86").empty());
    CHECK(complaint_of("K\1", "K\4\x85", "K\1\x85") ==
          "'f': tensor 't' is F32 [4] at 1 with strides [1], which is more than the 4 numbers of "
          "its storage");
    CHECK(complaint_of("K\1", "K\2K\2\x86", "K\2K\1\x86") ==
          "'f': tensor 't' is F32 [2, 2] at 1 with strides [2, 1], which is more than the 4 "
          "numbers of its storage");
    CHECK(complaint_of(zero, "K\4\x85", "K\1K\1\x86") ==
          "'f': tensor 't' has 1 extents, but 2 strides");
    CHECK(complaint_of("J\xff\xff\xff\xff", "K\4\x85", "K\1\x85") ==
          "'f': tensor 't': its offset is no number from 0 to 2^63 - 1");
    CHECK(complaint_of(zero, "K\5\x85", zero + "\x85").find("more than the 4 numbers") !=
          std::string::npos);  // one number five times
    std::string const huge = "\x8a\x08" + bytes_of(std::int64_t{1} << 62);
    CHECK(complaint_of(zero, huge + "\x85", "K\1\x85").find("more than") != std::string::npos);
    CHECK(complaint_of(zero, "K\2\x85", huge + "\x85").find("more than") != std::string::npos);
    CHECK(complaint_of(huge, "K\1\x85", "K\1\x85").find("more than") != std::string::npos);
    CHECK(complaint_of(huge, zero + "\x85", "K\1\x85").find("more than") != std::string::npos);
}

}  // namespace spikelet_test::torch_file_test
