// SPDX-License-Identifier: MIT
// What a file says about itself, and what a model says for a file.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace spikelet {

/// Texts by key, ordered by key, so that equal metadata are written alike.
using Metadata = std::map<std::string, std::string, std::less<>>;

}  // namespace spikelet
