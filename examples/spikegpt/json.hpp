// SPDX-License-Identifier: MIT
// What the program writes for other programs.
#pragma once

#include <nlohmann/json.hpp>

namespace spikegpt {

/// JSON whose keys stay in the order in which they came.
using Json = nlohmann::ordered_json;

}  // namespace spikegpt
