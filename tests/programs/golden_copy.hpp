// SPDX-License-Identifier: MIT
// The program conformance, and golden cases to spoil for it.
#pragma once

#include <array>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>

#include "io/support.hpp"
#include "programs/shell.hpp"

namespace spikelet_test {

/// Runs the program with these arguments.
inline ShellOutcome conformance(std::string const& arguments) {
    return run_in_shell("'" SPIKELET_BINARY_DIR "/tools/conformance' " + arguments);
}

/// A copy of a golden case that may be changed.
class GoldenCopy {
public:
    /// The case or folder of this name in tests/golden.
    explicit GoldenCopy(std::string_view name) : path_(folder_ / name) {
        std::filesystem::copy(std::filesystem::path(SPIKELET_SOURCE_DIR) / "tests" / "golden" /
                                  name,
                              path_, std::filesystem::copy_options::recursive);
    }

    /// The path of a file in it.
    [[nodiscard]] std::string operator/(std::string_view name) const {
        return (std::filesystem::path(path_) / name).string();
    }

    /// Adds `change` to the last number of a tensor of float or bytes.
    void change(std::string_view file_name, std::string_view tensor, float change) {
        std::string const path = *this / file_name;
        auto const file = spikelet::SafetensorsFile::open(path);
        std::vector<spikelet::StoredTensor> tensors(file.tensors().begin(), file.tensors().end());
        std::vector<std::byte> bytes;
        for (spikelet::StoredTensor& t : tensors) {
            if (t.name != tensor) { continue; }
            bytes.assign(t.bytes.begin(), t.bytes.end());
            if (t.dtype == spikelet::Dtype::F32) {
                auto values = file.read<float>(t.name);
                values.back() += change;
                std::memcpy(bytes.data(), values.data(), bytes.size());
            } else {
                bytes.back() ^= std::byte{1};
            }
            t.bytes = bytes;
        }
        REQUIRE(!bytes.empty());
        spikelet::write_safetensors(path, tensors, file.metadata());
    }

    /// Adds a tensor of one number to a file.
    void add(std::string_view file_name, std::string const& tensor) const {
        std::string const path = *this / file_name;
        auto const file = spikelet::SafetensorsFile::open(path);
        std::vector<spikelet::StoredTensor> tensors(file.tensors().begin(), file.tensors().end());
        constexpr std::array number{1.0F};
        tensors.push_back(spikelet::stored_tensor<float>(tensor, {1}, number));
        spikelet::write_safetensors(path, tensors, file.metadata());
    }

    /// Compares all of it.
    [[nodiscard]] ShellOutcome run(std::string const& options = "") const {
        return conformance(options + " '" + path_ + "'");
    }

private:
    TemporaryFolder folder_;
    std::string path_;
};

}  // namespace spikelet_test
