// SPDX-License-Identifier: MIT
// Token ids become rows of a table.
#pragma once

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/ops/gather.hpp>

namespace spikelet {

/// ids [batch, time] -> [batch, time, C].
template <index V, index C, class T = float>
struct Embedding {
    [[no_unique_address]] Size<V> vocabulary{};
    [[no_unique_address]] Size<C> channels{};
    BasicParameter<T, V, C> weight{vocabulary, channels};
    SPIKELET_PARTS(weight)

    constexpr auto operator()(auto ids) const { return gather(ids, weight); }

    /// Standard normal.
    void init(Rng& rng) {
        weight.allocate();
        for (T& w : weight.span()) { w = static_cast<T>(rng.normal()); }
    }
};

}  // namespace spikelet
