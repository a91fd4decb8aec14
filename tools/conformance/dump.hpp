// SPDX-License-Identifier: MIT
// Our own values of a model in files, under the names that its case has.
#pragma once

#include <filesystem>
#include <string_view>

#include <spikelet/io/stored_tensor.hpp>

#include "conformance/model_run.hpp"

namespace conformance {

/// Whether a tensor of the file `adam` is a weight, not a history of training.
inline bool is_weight(std::string_view name) {
    return name != "losses" && name != "grad_norms" && name != "regs";
}

/// Sum, sum of squares, largest absolute value, dot product with cos(0..n-1).
Array summary(Array const& a);

/// Writes forward, grads, adam, adam_summary and generate into a folder; numbers other than spikes
/// and tokens become `dtype`. Throws Error.
void dump(std::filesystem::path const& folder, ModelRun const& run, spikelet::Dtype dtype,
          spikelet::Metadata const& metadata);

}  // namespace conformance
