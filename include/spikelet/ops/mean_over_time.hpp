// SPDX-License-Identifier: MIT
// Sequences of different lengths become one row each.
#pragma once

#include <algorithm>
#include <span>

#include <spikelet/kernels/mean_over_time.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y[b] = mean of x[b,t] over t < lengths[b]: x [batch, time, C] -> [batch, C]. What stands behind
/// a sequence's end, padding say, counts for nothing and gets no gradient. For whole sequences,
/// which a Session has not. Throws Error unless there is a length from 1 to time for each sequence.
template <class Ctx, class T, class E>
auto mean_over_time(Var<Ctx, T, E> value, std::span<std::int32_t const> lengths) {
    static_assert(E::rank == 3, "mean_over_time: x must be [batch, time, channels]");
    auto const x = checked_numbers(value);
    using Mean = kernels::MeanOverTime<decltype(x.ctx->policy())>;
    auto const n = btc(x.extents);
    bool const fit = std::ranges::all_of(lengths, [&](index l) { return l >= 1 && l <= n.T; });
    if (std::ssize(lengths) != n.B || !fit) {
        fail("mean_over_time", "x is " + to_string(x.extents) +
                                   " and needs as many lengths, each "
                                   "from 1 to its time");
    }
    auto const steps = x.ctx->template constant<std::int32_t>(Extents<dyn>(n.B));
    std::ranges::copy(lengths, steps.data);
    auto y = x.ctx->template make<typename Ctx::scalar>(
        Extents<E::static_extent(0), E::last>(Size<E::static_extent(0)>(n.B), Size<E::last>(n.C)));
    x.ctx->run([&] { Mean::forward(x.ctx->policy(), n, steps.data, x.data, y.data); });
    x.ctx->record(
        [=] {
            Mean::backward(x.ctx->policy(), n, steps.data, y.gradient.numbers(), x.gradient.sum());
        },
        y);
    return y;
}

}  // namespace spikelet
