// SPDX-License-Identifier: MIT
// A matrix W as it will be stored, while it is trained (Jacob et al., arXiv 1712.05877; ternary:
// Ma et al., arXiv 2402.17764): ops see the numbers that quantize() leaves of it,
//   W~ = scale code,   dW += dW~
// The gradient goes straight through the rounding (Bengio et al., arXiv 1308.3432); the scale is a
// constant to it. It is not cut off where a number lies beyond the largest code: scales follow the
// numbers, and among normal ones a fifth lies beyond that of a trit, to stay there for ever.
#pragma once

#include <algorithm>
#include <type_traits>

#include <spikelet/autodiff/stored_weight.hpp>
#include <spikelet/kernels/fake_quantize.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

namespace detail {

/// A context that computes a token at a time, or counts for one.
template <class Ctx>
concept Streams = requires {
    requires Ctx::streams;
};

/// Throws Error unless w are n finite numbers that come back finite from what they are stored as.
template <CpuPolicy Policy = Serial<>>
void check_encodable(char const* op, WeightType type, float const* w, index n,
                     std::string const& what = "the matrix") {
    bool const fits = with_code(
        type, [&]<class Code>(CodeOf<Code>) { return kernels::encodable<Code, Policy>(w, n); });
    if (!fits) { fail(op, what + " has numbers that are too large or not finite"); }
}

/// y [inputs, outputs] becomes what W is where it is stored. Throws Error if it cannot be stored.
template <class Policy, class E>
void fake_quantize(Policy policy, WeightFormat const& format, E const& extents, float const* w,
                   float* y) {
    index const inputs = extents[0];
    index const group = scale_inputs("trains_as", format.group, inputs);
    check_encodable<Policy>("trains_as", format.type, w, extents.size());
    with_code(format.type, [&]<class Code>(CodeOf<Code>) {
        if constexpr (std::is_same_v<Code, float>) {
            std::copy_n(w, extents.size(), y);
        } else {
            kernels::FakeQuantize<Code, Policy>::forward(policy, inputs, extents[1], group, w, y);
        }
    });
}

}  // namespace detail

/// What an op of context `ctx` sees of a weight that trains as `format`: the rounded numbers, made
/// at each call and kept as long as the context's values, and the gradient of the weight itself.
/// As f32 it is the weight. Throws Error where it has no numbers, or some that cannot be stored;
/// in a Session, which would do this for every token, and in contexts of double.
template <class Ctx, class T, index In, index Out>
constexpr auto fake_quantized(Ctx& ctx, BasicParameter<T, In, Out> const& weight,
                              WeightFormat const& format) {
    auto view = checked_view<Ctx>(weight);
    if (format.type == WeightType::f32) { return view; }
    if constexpr (detail::Streams<Ctx>) {
        fail("trains_as", "a stream does not round weights at every token: quantize() the model, "
                          "or borrow() it for one of any_weight");
    } else if constexpr (std::is_same_v<typename Ctx::scalar, float>) {
        auto const rounded = ctx.template constant<float>(view.extents);
        ctx.run([&] {
            detail::fake_quantize(ctx.policy(), format, view.extents, view.value, rounded.data);
        });
        view.value = rounded.data;
    } else {
        fail("trains_as", "few bits are for contexts of float");
    }
    return view;
}

}  // namespace spikelet
