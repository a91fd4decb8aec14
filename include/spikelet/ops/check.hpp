// SPDX-License-Identifier: MIT
// Shape checks that all ops share: what the compiler knows fails to compile, the rest throws Error.
#pragma once

#include <string>

#include <spikelet/autodiff/parameter.hpp>
#include <spikelet/autodiff/var.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet {

/// The last extent of a value: its channels.
template <class Ctx, class T, class E>
constexpr index last_extent(Var<Ctx, T, E> const& x) {
    return x.extents[E::rank - 1];
}

/// Fails unless both have one shape.
template <class Ctx, class T, class U, class E>
constexpr void check_same_shape(char const* op, Var<Ctx, T, E> const& a, Var<Ctx, U, E> const& b) {
    if (!(a.extents == b.extents)) {
        fail(op, "shapes differ: " + to_string(a.extents) + " and " + to_string(b.extents));
    }
}

/// Fails unless x has `expected` channels.
template <class Ctx, class T, class E>
constexpr void check_channels(char const* op, Var<Ctx, T, E> const& x, index expected) {
    if (last_extent(x) != expected) {
        fail(op, "x is " + to_string(x.extents) + ", the parameters expect " +
                     std::to_string(expected) + " channels");
    }
}

/// The sizes of x [batch, time, channels].
template <class Ctx, class T, class E>
constexpr kernels::Btc btc(Var<Ctx, T, E> const& x) {
    return {x.extents[0], x.extents[1], x.extents[2]};
}

}  // namespace spikelet
