// SPDX-License-Identifier: MIT
// The one combinator: layers of one type, one after another. Depth is a count, never a type.
#pragma once

#include <algorithm>
#include <type_traits>

#include <spikelet/autodiff/var.hpp>

namespace spikelet {

/// `layers[n-1](... layers[0](x))`. Every layer must return the shape of its input: where the type
/// does not say so, Error is thrown. A Tape lets the layers share the room of their gradients (or
/// recomputes them), the other contexts let them share everything but the result.
template <class Layers, class Ctx, class T, class E>
constexpr Var<Ctx, T, E> chain(Layers const& layers, Var<Ctx, T, E> x) {
    return x.ctx->chain(layers, x);
}

namespace detail {

/// Fails unless a layer that was given x may be followed by one more of its kind.
template <class Ctx, class T, class E, class U, class F>
constexpr void check_link(Var<Ctx, T, E> const& x, Var<Ctx, U, F> const& y) {
    static_assert(std::is_same_v<T, U>,
                  "chain: a layer must return the kind of element that it is given");
    static_assert(may_agree<E, F>(), "chain: a layer must return the shape of its input");
    for (index r = 0; r < E::rank; ++r) {
        if (x.extents[r] != y.extents[r]) {
            fail("chain", "a layer must return the shape of its input " + to_string(x.extents) +
                              ", found " + to_string(y.extents));
        }
    }
}

/// `chain` for contexts with mark() and rewind(): each layer's result is copied over its input.
template <class Layers, class Ctx, class T, class E>
constexpr Var<Ctx, T, E> chain_in_place(Layers const& layers, Var<Ctx, T, E> x) {
    auto slot = x.ctx->template make<T>(x.extents);
    if constexpr (!Ctx::dry) { std::copy_n(x.data, x.extents.size(), slot.data); }
    for (auto const& layer : layers) {
        auto const mark = x.ctx->mark();
        auto const y = layer(slot);
        check_link(slot, y);
        if constexpr (!Ctx::dry) { std::copy_n(y.data, x.extents.size(), slot.data); }
        x.ctx->rewind(mark);
    }
    return slot;
}

}  // namespace detail
}  // namespace spikelet
