// SPDX-License-Identifier: MIT
// A matrix without bias.
#pragma once

#include <cmath>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/ops/linear.hpp>

namespace spikelet {

/// y = x W for x [..., In] of numbers or spikes. W is [In, Out]; files of the field hold [Out, In].
template <index In, index Out, class T = float>
struct Linear {
    [[no_unique_address]] Size<In> inputs{};
    [[no_unique_address]] Size<Out> outputs{};
    BasicParameter<T, In, Out> weight{inputs, outputs};
    SPIKELET_PARTS(weight)

    /// Files hold this layer's weight as [Out, In].
    static constexpr bool transposed_in_files = true;

    constexpr auto operator()(auto x) const { return linear(x, weight); }

    /// Uniform in +-1/sqrt(inputs).
    void init(Rng& rng) {
        weight.allocate();
        double const bound = 1.0 / std::sqrt(static_cast<double>(weight.extents()[0]));
        for (T& w : weight.span()) { w = static_cast<T>(bound * (2 * rng.uniform() - 1)); }
    }
};

}  // namespace spikelet
