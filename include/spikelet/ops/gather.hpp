// SPDX-License-Identifier: MIT
// Embedding lookup: ids [batch, time] -> rows of a table.
#pragma once

#include <spikelet/kernels/gather.hpp>
#include <spikelet/ops/check.hpp>

namespace spikelet {

/// y[b,t] = table[ids[b,t]]: ids [batch, time], table [V, C] -> [batch, time, C]. Throws Error for
/// an id outside the table.
template <class Ctx, class Id, class T, index V, index C>
constexpr auto gather(Var<Ctx, Id, Extents<dyn, dyn>> ids,
                      BasicParameter<T, V, C> const& embedding) {
    auto const table = checked_view<Ctx>(embedding);
    using Gather = kernels::Gather<decltype(ids.ctx->policy())>;
    auto const [batch, time] = std::array{ids.extents[0], ids.extents[1]};
    index const channels = table.extents[1];
    auto y = ids.ctx->template make<typename Ctx::scalar>(
        Extents<dyn, dyn, C>(batch, time, Size<C>(channels)));
    index const n = ids.extents.size();
    ids.ctx->run([&] {
        for (index i = 0; i < n; ++i) {
            if (ids.data[i] < 0 || ids.data[i] >= table.extents[0]) {
                fail("embedding", "token " + std::to_string(ids.data[i]) +
                                      " is outside the vocabulary of " +
                                      std::to_string(table.extents[0]));
            }
        }
        Gather::forward(ids.ctx->policy(), n, channels, ids.data, table.value, y.data);
    });
    ids.ctx->record(
        [=] {
            Gather::backward(ids.ctx->policy(), n, channels, ids.data, y.gradient.numbers(),
                             table.gradient);
        },
        y);
    return y;
}

}  // namespace spikelet
