// SPDX-License-Identifier: MIT
// Weights in few bits, W [inputs, outputs]: w[i][o] = scale[i / group][o] * code[i][o], where
// codes are small whole numbers. Element type C of the codes: bf16 (which has no scales),
// std::int8_t (-127 to 127), int4 (-7 to 7), trit (-1, 0, 1). A row, which an active input reads,
// is contiguous.
#pragma once

#include <type_traits>

#include <spikelet/core/element.hpp>

namespace spikelet::kernels {

/// An element type that weights can be stored in.
template <class C>
concept Code = std::is_same_v<C, bf16> || std::is_same_v<C, std::int8_t> ||
    std::is_same_v<C, int4> || std::is_same_v<C, trit>;

/// Borrows a matrix of codes and its scales.
template <Code C>
struct QuantizedMatrix {
    storage_of<C> const* codes;  ///< [inputs] rows of Element<C>::row_units(outputs)
    float const* scales;         ///< [groups, outputs]; null for bf16
    index group;                 ///< inputs that share a scale, a multiple of 64, or all inputs
};

/// Groups of inputs that have scales of their own.
constexpr index scale_groups(index inputs, index group) { return (inputs + group - 1) / group; }

}  // namespace spikelet::kernels
