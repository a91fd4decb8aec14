// SPDX-License-Identifier: MIT
// Descriptions of cases.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include <spikelet/core/error.hpp>
#include <spikelet/io/file.hpp>

namespace conformance {

/// Calls f(description) with the content of a JSON file. Throws Error, also if f asks for something
/// that is not there.
template <class F>
void with_json(std::filesystem::path const& path, F&& f) {
    try {
        f(nlohmann::json::parse(spikelet::MappedFile(path.string()).text()));
    } catch (nlohmann::json::exception const& e) {
        spikelet::fail(spikelet::quote(path.string()), e.what());
    }
}

}  // namespace conformance
