// SPDX-License-Identifier: MIT
// Layer normalisation with gain and bias.
#pragma once

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/ops/layer_norm.hpp>

namespace spikelet {

/// Normalises each row over its C channels.
template <index C, class T = float>
struct LayerNorm {
    [[no_unique_address]] Size<C> channels{};
    BasicParameter<T, C> weight{channels};
    BasicParameter<T, C> bias{channels};
    SPIKELET_PARTS(weight, bias)

    constexpr auto operator()(auto x) const { return layer_norm(x, weight, bias); }

    /// Gain one, bias zero.
    void init(Rng&) {
        weight.allocate();
        bias.allocate();
        std::fill_n(weight.value(), weight.size(), T(1));
        std::fill_n(bias.value(), bias.size(), T(0));
    }
};

}  // namespace spikelet
