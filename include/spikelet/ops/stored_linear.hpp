// SPDX-License-Identifier: MIT
// y = x W with W [in, out] in few bits, for contexts that only compute forward. Spikes meet the
// codes as whole numbers, exactly; numbers x are rounded to 8 bits a row on the way where the codes
// are whole numbers (kernels/quantized_matmul.hpp says to what effect).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include <spikelet/autodiff/stored_weight.hpp>
#include <spikelet/kernels/matmul.hpp>
#include <spikelet/kernels/quantized_matmul.hpp>
#include <spikelet/kernels/quantized_spike_matmul.hpp>
#include <spikelet/kernels/spike_matmul.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

namespace detail {

/// The product of elements of type U with codes of type C; all sizes of scratch are in bytes.
template <class U, class C, class Policy>
struct StoredProduct {
    static constexpr bool spikes = Element<U>::packed;

    /// Inputs whose sums fit.
    static constexpr index most_inputs = [] {
        if constexpr (std::is_same_v<C, float>) {
            return (std::numeric_limits<index>::max)();
        } else if constexpr (spikes) {
            return kernels::QuantizedSpikeMatmul<C, Policy>::most_inputs;
        } else {
            return kernels::QuantizedMatmul<C, Policy>::most_inputs;
        }
    }();

    static constexpr index workspace(kernels::MatmulSize n) {
        if constexpr (std::is_same_v<C, float>) {
            constexpr auto each = static_cast<index>(sizeof(float));
            if constexpr (spikes) {
                return each * kernels::SpikeMatmul<Policy, U>::template forward_workspace<float>(n);
            } else {
                return each * kernels::Matmul<Policy>::workspace(n);
            }
        } else if constexpr (spikes) {
            return kernels::QuantizedSpikeMatmul<C, Policy>::template workspace<U>(n);
        } else {
            return kernels::QuantizedMatmul<C, Policy>::workspace(n);
        }
    }

    template <class Weight>
    static void forward(Policy policy, kernels::MatmulSize n, storage_of<U> const* x,
                        Weight const& weight, float* y, std::byte* workspace) {
        auto const* const codes = reinterpret_cast<storage_of<C> const*>(weight.codes.value());
        if constexpr (std::is_same_v<C, float>) {
            using Product = std::conditional_t<spikes, kernels::SpikeMatmul<Policy, U>,
                                               kernels::Matmul<Policy>>;
            if constexpr (counts_work<Policy>) {
                Product::one_row(policy, n, x, codes, y);
            } else {
                Product::forward(policy, n, x, codes, y, reinterpret_cast<float*>(workspace));
            }
        } else {
            float const* const scales = weight.scale.size() > 0 ? weight.scale.value() : nullptr;
            kernels::QuantizedMatrix<C> const w{codes, scales, weight.group()};
            if constexpr (spikes) {
                using Product = kernels::QuantizedSpikeMatmul<C, Policy>;
                if constexpr (counts_work<Policy>) {
                    Product::template one_row<U>(policy, n, x, w, y);
                } else {
                    Product::template forward<U>(policy, n, x, w, y, workspace);
                }
            } else {
                kernels::QuantizedMatmul<C, Policy>::forward(policy, n, x, w, y, workspace);
            }
        }
    }
};

/// Calls f(CodeOf<C>) for the codes that a weight has; only those it can have are compiled.
template <class C, index In, index Out, class F>
constexpr void with_code_of(StoredWeight<C, In, Out> const& weight, F&& f) {
    if constexpr (std::is_same_v<C, any_weight>) {
        with_code(weight.type(), f);
    } else {
        f(CodeOf<C>{});
    }
}

template <class Weight>
void check_codes(Weight const& weight) {
    if (weight.codes.value() == nullptr && weight.codes.size() > 0) {
        fail("weight", "one of shape " + to_string(weight.extents()) +
                           " has no codes: quantize(), load_checkpoint() or bind() gives it some");
    }
    std::size_t const unit = weight.type() == WeightType::f32 ? sizeof(float) : sizeof(word);
    if (reinterpret_cast<std::uintptr_t>(weight.codes.value()) % unit != 0) {
        fail("weight",
             "codes that are bound start at a multiple of " + std::to_string(unit) + " bytes");
    }
}

template <class U, class Policy, class Weight>
constexpr void check_inputs(Weight const& weight) {
    index const inputs = weight.extents()[0];
    with_code_of(weight, [inputs]<class Code>(CodeOf<Code>) {
        constexpr index most = StoredProduct<U, Code, Policy>::most_inputs;
        if (inputs > most) {
            fail("linear", std::to_string(inputs) + " inputs of whole numbers, whose sums hold " +
                               std::to_string(most) + " at most");
        }
    });
}

}  // namespace detail

/// x [..., in] of numbers or spikes, weight [in, out] -> [..., out]. Throws Error if run-time sizes
/// do not fit, the weight has no codes yet, or more inputs than sums of whole numbers hold: 2^20 of
/// spikes, 2^24 of numbers.
template <class Ctx, class U, class E, class C, index In, index Out>
constexpr auto linear(Var<Ctx, U, E> value, StoredWeight<C, In, Out> const& weight) {
    static_assert(!Ctx::records, "linear: weights in few bits are not trained; train them as float "
                                 "and quantize() the model");
    static_assert(std::is_same_v<typename Ctx::scalar, float>,
                  "linear: weights in few bits are for contexts of float");
    static_assert(or_else(E::last, In) == In,
                  "linear: the last extent of x must equal the weight's inputs");
    auto const x = checked_operand(value);
    using Operand = typename std::remove_const_t<decltype(x)>::element;
    using Policy = decltype(x.ctx->policy());
    check_channels("linear", x, weight.extents()[0]);
    detail::check_inputs<Operand, Policy>(weight);
    if constexpr (!Ctx::dry) { detail::check_codes(weight); }
    auto y = x.ctx->template make<float>(x.extents.with_last(Size<Out>(weight.extents()[1])));
    kernels::MatmulSize const n{x.extents.rows(), weight.extents()[0], weight.extents()[1]};
    check_counted<Ctx>(n.rows);
    detail::with_code_of(weight, [&]<class Code>(detail::CodeOf<Code>) {
        using Product = detail::StoredProduct<Operand, Code, Policy>;
        auto* const workspace = x.ctx->template scratch<std::byte>(Product::workspace(n));
        x.ctx->run(
            [&] { Product::forward(x.ctx->policy(), n, x.data, weight, y.data, workspace); });
    });
    return y;
}

}  // namespace spikelet
