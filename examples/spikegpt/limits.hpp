// SPDX-License-Identifier: MIT
// The most that flags take, and the files that carry their values on.
#pragma once

#include <cstdint>

#include <spikelet/core/extents.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// Ids in a sequence.
inline constexpr sk::index most_ctx = 65536;
/// Sequences, texts or lines at a time.
inline constexpr sk::index most_batch = 4096;

/// Steps of a training and batches of a step, so that every batch of a run has a number.
inline constexpr sk::index most_steps = 1'000'000'000'000;
inline constexpr sk::index most_accumulate = 65536;
static_assert(most_steps < INT64_MAX / most_accumulate);

}  // namespace spikegpt
