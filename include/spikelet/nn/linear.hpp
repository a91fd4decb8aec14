// SPDX-License-Identifier: MIT
// A matrix without bias.
#pragma once

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/nn/uniform.hpp>
#include <spikelet/ops/linear.hpp>

namespace spikelet {

/// y [..., Out] = x W for x [..., In] of numbers or spikes. W is [In, Out]; files of the field hold
/// [Out, In].
template <index In, index Out, class T = float>
struct Linear {
    [[no_unique_address]] Size<In> inputs{};
    [[no_unique_address]] Size<Out> outputs{};
    BasicParameter<T, In, Out> weight{inputs, outputs};
    SPIKELET_PARTS(weight)

    /// Files hold this layer's weight as [Out, In].
    static constexpr bool transposed_in_files = true;

    constexpr auto operator()(auto x) const { return linear(x, weight); }

    /// Uniform in +-1/sqrt(inputs), as PyTorch's Linear. Throws Error if the weight is bound to
    /// constant numbers.
    void init(Rng& rng) { init_uniform(weight, rng); }
};

}  // namespace spikelet
