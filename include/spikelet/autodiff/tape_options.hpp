// SPDX-License-Identifier: MIT
// How exactly a context multiplies matrices.
#pragma once

namespace spikelet {

/// The factors of dense products: as they are, or rounded to bfloat16, whose products take half the
/// time where a processor has an instruction for them. Sums, and all else, are floats.
enum class Products { f32, bf16 };

}  // namespace spikelet
