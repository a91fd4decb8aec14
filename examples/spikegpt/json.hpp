// SPDX-License-Identifier: MIT
// What the program writes for other programs.
#pragma once

#include <string>

#include <spikelet/io/json.hpp>

namespace spikegpt {

/// JSON whose keys stay in the order in which they came.
using Json = nlohmann::ordered_json;

/// A value of a model's description: as it is, or as a text where JSON has no such number
/// (Infinity).
inline Json scalar_json(std::string const& text) {
    auto json = spikelet::parse_json<Json>("metadata", text);
    if (json.is_discarded()) { return text; }
    return json;
}

}  // namespace spikegpt
