// SPDX-License-Identifier: MIT
// How much memory training takes, counted before any of it is taken.
#pragma once

#include <spikelet/models/spikegpt.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// What a step of training looks like to memory.
struct StepShape {
    sk::index batch = 1;
    sk::index ctx = 128;
    bool recompute = false;
};

/// Bytes that training takes.
struct TrainingMemory {
    double weights = 0;      ///< with gradients and both of Adam's moments
    double activations = 0;  ///< what the tape holds at its fullest

    [[nodiscard]] double total() const { return weights + activations; }
};

/// Counts by walking through the model without computing. The model needs no weights.
TrainingMemory training_memory(sk::SpikeGpt<> const& model, StepShape const& step);

/// Bytes of memory in this machine, or in the container that the program runs in.
double machine_memory();

}  // namespace spikegpt
