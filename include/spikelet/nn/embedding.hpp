// SPDX-License-Identifier: MIT
// Token ids become rows of a table.
#pragma once

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/ops/gather.hpp>

namespace spikelet {

/// ids [batch, time], each from 0 to V - 1 -> rows of the weight, [batch, time, C].
template <index V, index C, class T = float>
struct Embedding {
    [[no_unique_address]] Size<V> vocabulary{};            ///< V
    [[no_unique_address]] Size<C> channels{};              ///< C
    BasicParameter<T, V, C> weight{vocabulary, channels};  ///< row v stands for id v
    SPIKELET_PARTS(weight)

    constexpr auto operator()(auto ids) const { return gather(ids, weight); }

    /// Standard normal, as PyTorch's Embedding. Throws Error if the weight is bound to constant
    /// numbers.
    void init(Rng& rng) {
        for (T& w : weight.writable()) { w = static_cast<T>(rng.normal()); }
    }
};

}  // namespace spikelet
