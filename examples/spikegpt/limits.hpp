// SPDX-License-Identifier: MIT
// Limits that several flags share. Files keep such values and are refused where they are beyond
// them, so a limit that became less would shut out files that are there.
#pragma once

#include <cstdint>

#include <spikelet/core/extents.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// Ids that training, classifiers and embed read in one sequence; eval and spikes take longer ones.
inline constexpr sk::index most_ctx = 65536;
/// Sequences, texts or lines at a time.
inline constexpr sk::index most_batch = 4096;
/// Threads.
inline constexpr sk::index most_threads = 1024;

/// Steps of a training.
inline constexpr sk::index most_steps = 1'000'000'000'000;
/// Batches of a step.
inline constexpr sk::index most_accumulate = 65536;
static_assert(most_steps < INT64_MAX / most_accumulate, "every batch of a run has a number");

}  // namespace spikegpt
