// SPDX-License-Identifier: MIT
// The two kinds of cases: models and single operations.
#pragma once

#include <filesystem>
#include <string>

#include "conformance/report.hpp"

namespace conformance {

struct Options {
    int threads = 1;
    bool with_double = false;    ///< once more in double
    std::filesystem::path dump;  ///< folder for our own values of models; none if empty
};

/// Computes all that a model's folder holds, and compares. Throws Error if a file is missing or
/// cannot be read.
void check_model(std::filesystem::path const& folder, Options const& options, Report& report);

/// What reports call an operation: its name behind that of its folder, as in ops/lif.
inline std::string name_of(std::filesystem::path const& stem) {
    auto const folder = std::filesystem::absolute(stem).parent_path();
    return (folder.filename() / stem.filename()).string();
}

/// Computes one operation, `stem`.safetensors and `stem`.json, and compares. Throws Error if a file
/// is missing or cannot be read.
void check_operation(std::filesystem::path const& stem, Options const& options, Report& report);

}  // namespace conformance
