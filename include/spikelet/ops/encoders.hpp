// SPDX-License-Identifier: MIT
// Numbers become spikes: codes for data. None has a gradient: what learns stands behind them.
#pragma once

#include <cstdint>
#include <string>

#include <spikelet/kernels/encoders.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// Random spikes, each with the probability that x [batch, time, C] says, which counts as 0 below
/// and as 1 above: spikes of x's shape. They are a function of the key, the step and the place in
/// the row and batch; a context that carries state goes on where it was. After 2^24 steps the
/// random numbers repeat.
template <class Ctx, class T, class E>
constexpr auto rate_code(Var<Ctx, T, E> value, std::uint64_t key) {
    using Scalar = typename Ctx::scalar;
    static_assert(E::rank == 3, "rate_code: x must be [batch, time, channels]");
    auto const x = checked_numbers(value);
    using Code = kernels::RateCode<decltype(x.ctx->policy())>;
    auto s = x.ctx->template constant<bit>(x.extents);
    Scalar* const done = x.ctx->carry(1, {Scalar(0)});
    x.ctx->run([&] { Code::forward(x.ctx->policy(), btc(x.extents), key, x.data, s.data, done); });
    return s;
}

/// One spike for every number of x [batch, C], in step round((1 - x) (steps - 1)), for numbers from
/// 0 to 1; what is below counts as 0, what is above as 1: [batch, steps, C]. Throws Error unless
/// there is a step, and at most 2^24.
template <class Ctx, class T, class E>
constexpr auto latency_code(Var<Ctx, T, E> value, index steps) {
    static_assert(E::rank == 2, "latency_code: x must be [batch, channels]");
    auto const x = checked_numbers(value);
    using Code = kernels::LatencyCode<decltype(x.ctx->policy())>;
    if (steps < 1 || steps > Code::most_steps) {
        fail("latency_code",
             std::to_string(steps) + " steps; there are 1 to " + std::to_string(Code::most_steps));
    }
    constexpr index batch = E::static_extent(0);
    auto s = x.ctx->template constant<bit>(Extents<batch, dyn, E::last>(
        Size<batch>(x.extents[0]), Size<dyn>(steps), Size<E::last>(x.extents[1])));
    x.ctx->run([&] { Code::forward(x.ctx->policy(), btc(s.extents), x.data, s.data); });
    return s;
}

/// A spike where x [batch, time, C] has risen since the step before by the threshold or more, and
/// if S is trit one of -1 where it has fallen so: spikes of x's shape. Before the first step stands
/// 0, or what the context carries. Throws Error unless the threshold is above 0.
template <SpikeKind S = bit, class Ctx, class T, class E>
constexpr auto delta_code(Var<Ctx, T, E> value, double threshold) {
    using Scalar = typename Ctx::scalar;
    static_assert(E::rank == 3, "delta_code: x must be [batch, time, channels]");
    static_assert(EventLevels<S>::highest == 1, "delta_code: spikes are bits or trits");
    auto const x = checked_numbers(value);
    if (!(threshold > 0)) { fail("delta_code", "the threshold must be above 0"); }
    using Code = kernels::DeltaCode<decltype(x.ctx->policy()), S>;
    auto const n = btc(x.extents);
    auto s = x.ctx->template constant<S>(x.extents);
    Scalar* const state = x.ctx->carry(n.B * n.C, {Scalar(0)});
    x.ctx->run([&] { Code::forward(x.ctx->policy(), n, threshold, x.data, s.data, state); });
    return s;
}

}  // namespace spikelet
