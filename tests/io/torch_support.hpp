// SPDX-License-Identifier: MIT
// Archives and pickles that no honest program writes, for the tests of what reads them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/io/inflate.hpp>
#include <spikelet/io/torch_file.hpp>

#include "io/support.hpp"

namespace spikelet_test {

/// Its bytes, the lowest first.
template <class T>
std::string bytes_of(T number) {
    return {reinterpret_cast<char const*>(&number), sizeof(number)};
}

/// An entry of an archive; what is set here is what the archive says, true or not.
struct FakeEntry {
    std::string name;
    std::string content{};
    std::uint16_t method = 0;
    std::uint16_t flags = 0;
    std::uint32_t packed = 0;  ///< added to the true size, as are the next two
    std::uint32_t size = 0;
    std::uint32_t crc = 0;
    std::uint32_t begin = 0;
    std::string local_name{};  ///< empty: as `name`
};

/// An archive of these entries, with `more` added to the number of them.
inline std::string fake_zip(std::vector<FakeEntry> const& entries, std::uint16_t more = 0) {
    std::string file;
    std::string directory;
    for (FakeEntry const& entry : entries) {
        auto const true_size = static_cast<std::uint32_t>(entry.content.size());
        auto const crc = spikelet::crc32_of(std::as_bytes(std::span(entry.content))) + entry.crc;
        std::string const local = entry.local_name.empty() ? entry.name : entry.local_name;
        std::string const facts =
            bytes_of(entry.flags) + bytes_of(entry.method) + bytes_of(std::uint32_t{0}) +
            bytes_of(crc) + bytes_of(true_size + entry.packed) + bytes_of(true_size + entry.size);
        directory += "PK\1\2" + bytes_of(std::uint32_t{20}) + facts +
                     bytes_of(static_cast<std::uint16_t>(entry.name.size())) +
                     std::string(12, '\0') +
                     bytes_of(static_cast<std::uint32_t>(file.size()) + entry.begin) + entry.name;
        file += "PK\3\4" + bytes_of(std::uint16_t{20}) + facts +
                bytes_of(static_cast<std::uint16_t>(local.size())) + bytes_of(std::uint16_t{0}) +
                local + entry.content;
    }
    auto const count = bytes_of(static_cast<std::uint16_t>(entries.size() + more));
    return file + directory + "PK\5\6" + std::string(4, '\0') + count + count +
           bytes_of(static_cast<std::uint32_t>(directory.size())) +
           bytes_of(static_cast<std::uint32_t>(file.size())) + std::string(2, '\0');
}

/// A short text in a pickle.
inline std::string pickled(std::string_view text) {
    return "X" + bytes_of(static_cast<std::uint32_t>(text.size())) + std::string(text);
}

/// The pickle of a storage of floats.
inline std::string pickled_storage(std::string_view key, std::uint8_t count,
                                   std::string_view type = "FloatStorage") {
    return "(" + pickled("storage") + "ctorch\n" + std::string(type) + "\n" + pickled(key) +
           pickled("cpu") + "K" + bytes_of(count) + "tQ";
}

/// The pickle of a tensor; places, shape and strides as opcodes.
inline std::string pickled_tensor(std::string const& storage, std::string const& offset,
                                  std::string const& shape, std::string const& strides) {
    return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + shape + strides + "\x89}tR";
}

/// A pickle of a dictionary with one tensor "t".
inline std::string pickled_dict(std::string const& value) {
    return "\x80\2}" + pickled("t") + value + "s.";
}

/// An archive of PyTorch's with this pickle and a storage "0".
inline std::string fake_torch(std::string const& pickle, std::string const& numbers = "") {
    return fake_zip(
        {{.name = "a/data.pkl", .content = pickle}, {.name = "a/data/0", .content = numbers}});
}

/// What is wrong with a file; empty if nothing is. Memory ends where the file does.
inline std::string torch_complaint(std::string const& file) {
    auto const bytes = std::as_bytes(std::span(file));
    std::vector<std::byte> const exact(bytes.begin(), bytes.end());
    try {
        auto const contents = spikelet::parse_torch(exact, "'f'");
        for (spikelet::StoredTensor const& tensor : contents.tensors) {
            std::vector<double> values(static_cast<std::size_t>(tensor.size()));
            spikelet::convert(tensor.dtype, tensor.bytes, std::span(values), "'f'");
        }
    } catch (spikelet::Error const& error) { return error.what(); }
    return {};
}

/// The folder with files that PyTorch wrote.
inline std::string torch_folder() { return SPIKELET_SOURCE_DIR "/tests/golden/torch/"; }

}  // namespace spikelet_test
