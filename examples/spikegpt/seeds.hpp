// SPDX-License-Identifier: MIT
// What the random numbers of a training are split into, so that none depends on how many another
// one takes.
#pragma once

#include <cstdint>

namespace spikegpt {

inline constexpr std::uint64_t initial_weights = 1;
inline constexpr std::uint64_t choice_of_batches = 2;

}  // namespace spikegpt
