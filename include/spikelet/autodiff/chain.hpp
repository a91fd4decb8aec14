// SPDX-License-Identifier: MIT
// The one combinator: layers of one type, one after another. Depth is a count, never a type.
#pragma once

#include <algorithm>

#include <spikelet/autodiff/var.hpp>

namespace spikelet {

/// layers[n-1](... layers[0](x)). Every layer must return the shape of its input. A Tape lets the
/// layers share the room of their gradients (or recomputes them), the other contexts let them share
/// everything but the result.
template <class Layers, class Ctx, class T, class E>
constexpr Var<Ctx, T, E> chain(Layers const& layers, Var<Ctx, T, E> x) {
    return x.ctx->chain(layers, x);
}

namespace detail {

/// `chain` for contexts with mark() and rewind(): each layer's result is copied over its input.
template <class Layers, class Ctx, class T, class E>
constexpr Var<Ctx, T, E> chain_in_place(Layers const& layers, Var<Ctx, T, E> x) {
    auto slot = x.ctx->template make<T>(x.extents);
    if constexpr (!Ctx::dry) { std::copy_n(x.data, x.extents.size(), slot.data); }
    for (auto const& layer : layers) {
        auto const mark = x.ctx->mark();
        auto const y = layer(slot);
        if constexpr (!Ctx::dry) { std::copy_n(y.data, x.extents.size(), slot.data); }
        x.ctx->rewind(mark);
    }
    return slot;
}

}  // namespace detail
}  // namespace spikelet
