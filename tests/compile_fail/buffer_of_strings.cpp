// expect: Buffer: holds plain numbers
// SPDX-License-Identifier: MIT
#include <string>

#include <spikelet/core/memory.hpp>

spikelet::Buffer<std::string> const texts(3);
