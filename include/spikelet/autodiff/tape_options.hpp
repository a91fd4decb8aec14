// SPDX-License-Identifier: MIT
// How a Tape trades memory and exactness for work.
#pragma once

#include <cstdint>

namespace spikelet {

/// The factors of dense products: as they are, or rounded to bfloat16, whose products take half the
/// time where a processor has an instruction for them. Sums, and all else, are floats.
enum class Products { f32, bf16 };

/// How a Tape works.
struct TapeOptions {
    /// `chain` keeps only each layer's input and computes the layer again on the way back: about a
    /// third more work, memory of one layer. The gradients have the same bits.
    bool recompute = false;
    /// Key of the random numbers (dropout); the step's number is the other half.
    std::uint64_t seed = 0;
    /// What the dense products of a Tape of float multiply.
    Products products = Products::f32;
    /// A pass starts where the last one ended that was walked back, row by row, instead of at rest.
    /// That start is a constant: gradients end there (truncated backpropagation through time).
    bool carry_state = false;
};

}  // namespace spikelet
