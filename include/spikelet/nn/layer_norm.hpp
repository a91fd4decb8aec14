// SPDX-License-Identifier: MIT
// Layer normalisation with gain and bias.
#pragma once

#include <algorithm>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/ops/layer_norm.hpp>

namespace spikelet {

/// Normalises each row of x [..., C] over its channels (Ba et al., arXiv 1607.06450) -> the same
/// shape.
template <index C, class T = float>
struct LayerNorm {
    [[no_unique_address]] Size<C> channels{};  ///< C
    BasicParameter<T, C> weight{channels};     ///< gain of each channel
    BasicParameter<T, C> bias{channels};       ///< bias of each channel
    SPIKELET_PARTS(weight, bias)

    constexpr auto operator()(auto x) const { return layer_norm(x, weight, bias); }

    /// Gain one, bias zero. Throws Error if one of them is bound to constant numbers.
    void init(Rng&) {
        std::ranges::fill(weight.writable(), T(1));
        std::ranges::fill(bias.writable(), T(0));
    }
};

}  // namespace spikelet
