// SPDX-License-Identifier: MIT
// A matrix without bias.
#pragma once

#include <type_traits>

#include <spikelet/autodiff/stored_weight.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/nn/uniform.hpp>
#include <spikelet/ops/fake_quantize.hpp>
#include <spikelet/ops/linear.hpp>
#include <spikelet/ops/stored_linear.hpp>

namespace spikelet {

namespace detail {

/// In the place of a WeightFormat, in layers whose weights are not trained.
struct NoFormat {};

}  // namespace detail

/// y [..., Out] = x W for x [..., In] of numbers or spikes. W is [In, Out]; files of the field hold
/// [Out, In]. Its element type may be one that is only read: bf16, std::int8_t, int4, trit, or
/// any_weight, which is one of these at run time (autodiff/stored_weight.hpp). One of float may
/// compute and train as it will be stored: `trains_as` (ops/fake_quantize.hpp).
template <index In, index Out, class W = float>
struct Linear {
    /// Whether numbers are trained; else they are only read.
    static constexpr bool trained = std::is_floating_point_v<W>;
    /// What holds W.
    using Weight =
        std::conditional_t<trained, BasicParameter<W, In, Out>, StoredWeight<W, In, Out>>;
    /// What `trains_as` is, where there is one.
    using Format = std::conditional_t<trained, WeightFormat, detail::NoFormat>;

    [[no_unique_address]] Size<In> inputs{};    ///< In
    [[no_unique_address]] Size<Out> outputs{};  ///< Out
    Weight weight{inputs, outputs};             ///< W [In, Out]
    [[no_unique_address]] Format trains_as{};   ///< what it computes as; float by default
    SPIKELET_PARTS(weight)

    /// Files hold this layer's weight as [Out, In].
    static constexpr bool transposed_in_files = trained;

    constexpr auto operator()(auto x) const {
        tap(*this, "x", x);
        if constexpr (trained) {
            return linear(x, fake_quantized(*x.ctx, weight, trains_as));
        } else {
            return linear(x, weight);
        }
    }

    /// Uniform in +-1/sqrt(inputs), as PyTorch's Linear. Throws Error if the weight is bound to
    /// constant numbers.
    void init(Rng& rng) {
        static_assert(trained,
                      "init: weights in few bits are made by quantize(), of a model of float");
        init_uniform(weight, rng);
    }
};

}  // namespace spikelet
