// SPDX-License-Identifier: MIT
// Activations in front of matrices that are mostly silent and learn when to speak. Formulas:
// docs/numerics.md, "Events".
#pragma once

#include <algorithm>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/ops/threshold_relu2.hpp>

namespace spikelet {

/// max(x - threshold, 0)^2 with a learned threshold for each channel: x [..., C] -> the same shape.
/// `fan_out` as in EventNode.
template <index C, class T = float>
struct ThresholdRelu2 {
    [[no_unique_address]] Size<C> channels{};  ///< C
    index fan_out = 0;                         ///< outputs that read a number
    double first_threshold = 0.1;              ///< what init() sets

    BasicParameter<T, C> threshold{channels};  ///< one for each channel
    SPIKELET_PARTS(threshold)

    constexpr auto operator()(auto x) const {
        auto const y = threshold_relu2(x, threshold, fan_out);
        tap(*this, "s", y);
        return y;
    }

    /// Throws Error if the thresholds are bound to constant numbers.
    void init(Rng&) { std::ranges::fill(threshold.writable(), static_cast<T>(first_threshold)); }
};

}  // namespace spikelet
