// SPDX-License-Identifier: MIT
// Spiking nodes: leaky integrate-and-fire along time, and the stateless step.
#pragma once

#include <spikelet/kernels/heaviside.hpp>
#include <spikelet/kernels/lif.hpp>
#include <spikelet/kernels/surrogate.hpp>
#include <spikelet/ops/check.hpp>
#include <spikelet/ops/fired.hpp>

namespace spikelet {

namespace detail {

/// Room for the charge of neurons that are driven by x.
template <class Ctx, class T, class E>
constexpr Var<Ctx, T, E> room_for_charge(Var<Ctx, T, E> const& x) {
    if constexpr (Ctx::records) {
        return x.ctx->template make<T>(x.extents);
    } else {
        return {x.ctx, x.ctx->template keep<T>(x.extents.size()), nullptr, x.extents};
    }
}

}  // namespace detail

/// Spikes of leaky integrate-and-fire neurons driven by x [batch, time, channels], of x's shape; a
/// Tape keeps the charge, with a gradient (SpikeGPT, arXiv 2302.13939; docs/numerics.md, sections
/// LIF and Surrogates). Throws Error for options that make no sense: see check().
template <class Ctx, class T, class E, class Surrogate = Arctan>
constexpr Fired<Ctx, E> lif(Var<Ctx, T, E> value, LifOptions options = {},
                            Surrogate surrogate = {}) {
    using Scalar = typename Ctx::scalar;
    static_assert(E::rank == 3, "lif: x must be [batch, time, channels]");
    check(options);
    auto const x = checked_numbers(value);
    using Lif = kernels::Lif<decltype(x.ctx->policy())>;
    auto const n = btc(x.extents);
    auto s = x.ctx->template make<bit>(x.extents);
    auto const charge = detail::room_for_charge(x);
    Scalar* const state = x.ctx->carry(n.B * n.C, {static_cast<Scalar>(options.rest())});
    x.ctx->run(
        [&] { Lif::forward(x.ctx->policy(), n, options, x.data, s.data, charge.data, state); });
    x.ctx->record(
        [=] {
            auto* const dcharge = charge.gradient.started() ? charge.gradient.numbers() : nullptr;
            Lif::template backward<Scalar>(x.ctx->policy(), n, options, surrogate, charge.data,
                                           s.gradient.numbers(), x.gradient.sum(), dcharge);
        },
        s, charge);
    return {s, charge};
}

/// Spikes where x >= threshold, x of any shape; the charge is x itself.
template <class Ctx, class T, class E, class Surrogate = Arctan>
constexpr Fired<Ctx, E> heaviside(Var<Ctx, T, E> value, double threshold = 0.0,
                                  Surrogate surrogate = {}) {
    auto const x = checked_numbers(value);
    using Heaviside = kernels::Heaviside<decltype(x.ctx->policy())>;
    auto s = x.ctx->template make<bit>(x.extents);
    x.ctx->run([&] {
        Heaviside::forward(x.ctx->policy(), x.extents.rows(), last_extent(x), threshold, x.data,
                           s.data);
    });
    x.ctx->record(
        [=] {
            Heaviside::backward(x.ctx->policy(), x.extents.size(), threshold, surrogate, x.data,
                                s.gradient.numbers(), x.gradient.sum());
        },
        s);
    return {s, x};
}

}  // namespace spikelet
