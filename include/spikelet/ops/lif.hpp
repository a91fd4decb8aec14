// SPDX-License-Identifier: MIT
// Spiking nodes: leaky integrate-and-fire along time, and the stateless step.
#pragma once

#include <spikelet/kernels/heaviside.hpp>
#include <spikelet/kernels/lif.hpp>
#include <spikelet/kernels/surrogate.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// What a spiking node gives: its spikes, and the charge before the threshold where the context
/// keeps it (data null elsewhere).
template <class Ctx, class E>
struct Fired {
    Var<Ctx, bit, E> spikes;
    Var<Ctx, typename Ctx::scalar, E> charge;
};

/// Spikes of leaky integrate-and-fire neurons driven by x [batch, time, channels].
template <class Ctx, class T, class E, class Surrogate = Arctan>
constexpr Fired<Ctx, E> lif(Var<Ctx, T, E> x, LifOptions options = {}, Surrogate surrogate = {}) {
    static_assert(E::rank == 3, "lif: x must be [batch, time, channels]");
    static_assert(std::is_same_v<T, typename Ctx::scalar>, "lif: x must be numbers, not spikes");
    using Lif = kernels::Lif<decltype(x.ctx->policy())>;
    auto const n = btc(x);
    auto s = x.ctx->template make<bit>(x.extents);
    T* const charge = x.ctx->template keep<T>(x.extents.size());
    T* const state = x.ctx->carry(n.B * n.C, {static_cast<T>(options.rest())});
    x.ctx->run([&] { Lif::forward(x.ctx->policy(), n, options, x.data, s.data, charge, state); });
    x.ctx->record([=] {
        Lif::template backward<T>(x.ctx->policy(), n, options, surrogate, charge, s.gradient,
                                  nullptr, x.gradient, nullptr);
    });
    return {s, {x.ctx, charge, nullptr, x.extents}};
}

/// Spikes where x >= threshold.
template <class Ctx, class T, class E, class Surrogate = Arctan>
constexpr Fired<Ctx, E> heaviside(Var<Ctx, T, E> x, double threshold = 0.0,
                                  Surrogate surrogate = {}) {
    static_assert(std::is_same_v<T, typename Ctx::scalar>,
                  "heaviside: x must be numbers, not spikes");
    using Heaviside = kernels::Heaviside<decltype(x.ctx->policy())>;
    auto s = x.ctx->template make<bit>(x.extents);
    x.ctx->run([&] {
        Heaviside::forward(x.ctx->policy(), x.extents.rows(), last_extent(x), threshold, x.data,
                           s.data);
    });
    x.ctx->record([=] {
        Heaviside::backward(x.ctx->policy(), x.extents.size(), threshold, surrogate, x.data,
                            s.gradient, x.gradient);
    });
    return {s, x};
}

}  // namespace spikelet
