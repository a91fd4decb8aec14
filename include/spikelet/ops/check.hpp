// SPDX-License-Identifier: MIT
// Checks that all ops share: what the compiler knows fails to compile with a sentence, the rest
// throws Error. After a static_assert has failed these functions return what was asked for, so that
// the sentence is the only error; the compiler's "required from" names the op and the line.
#pragma once

#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include <spikelet/autodiff/parameter.hpp>
#include <spikelet/autodiff/var.hpp>
#include <spikelet/core/counting.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet {

/// The last extent of a value: its channels.
template <class Ctx, class T, class E>
constexpr index last_extent(Var<Ctx, T, E> const& x) {
    return x.extents[E::rank - 1];
}

/// x, which must be numbers of the context's type. For ops that have no meaning for spikes or ids.
/// Throws Error for the charge of a neuron in a context that does not keep it.
template <class Ctx, class T, class E>
constexpr auto checked_numbers(Var<Ctx, T, E> const& x) {
    using Scalar = typename Ctx::scalar;
    constexpr bool packed = Element<T>::packed;
    static_assert(!packed,
                  "this op takes numbers, not spikes: to_numbers(spikes) makes numbers of them");
    static_assert(packed || std::is_same_v<T, Scalar>,
                  "this op takes numbers of the type its context computes with");
    if constexpr (std::is_same_v<T, Scalar>) {
        if (!Ctx::dry && x.data == nullptr && x.extents.size() > 0) {
            fail("charge", "a Tape keeps it, this context does not");
        }
        return x;
    } else {
        return Var<Ctx, Scalar, E>{x.ctx, nullptr, nullptr, x.extents};
    }
}

/// x, which must be spikes or numbers of the context's type.
template <class Ctx, class T, class E>
constexpr auto checked_operand(Var<Ctx, T, E> const& x) {
    if constexpr (Element<T>::packed) {
        return x;
    } else {
        return checked_numbers(x);
    }
}

/// x, which must be spikes of any kind. For ops that have no meaning for numbers.
template <class Ctx, class T, class E>
constexpr auto checked_spikes(Var<Ctx, T, E> const& x) {
    static_assert(SpikeKind<T>,
                  "this op takes spikes, not numbers: event_node() makes spikes of them");
    if constexpr (SpikeKind<T>) {
        return x;
    } else {
        return Var<Ctx, bit, E>{x.ctx, nullptr, nullptr, x.extents};
    }
}

/// What an op of context Ctx sees of a parameter, which must have numbers of the context's type.
/// Throws Error if it has none yet.
template <class Ctx, class T, index... Es>
constexpr auto checked_view(BasicParameter<T, Es...> const& parameter) {
    using Scalar = typename Ctx::scalar;
    static_assert(std::is_same_v<T, Scalar>,
                  "the parameters are of another type than the context computes with: a context of "
                  "double takes layers of double, Linear<In, Out, double> say");
    if constexpr (std::is_same_v<T, Scalar>) {
        if (!Ctx::dry && parameter.value() == nullptr && parameter.size() > 0) {
            fail("parameter", "one of shape " + to_string(parameter.extents()) +
                                  " has no numbers: list it in SPIKELET_PARTS and call init(), "
                                  "load_checkpoint() or bind() first");
        }
        return parameter.view();
    } else {
        return ParameterView<Scalar, Es...>{nullptr, nullptr, parameter.extents()};
    }
}

namespace detail {

/// The one of two extents that is a number, if there is one.
constexpr index known(index a, index b) { return a == dyn ? b : a; }

/// E with the numbers of F's type where E has dyn. The shapes are equal.
template <class E, class F, std::size_t... R>
constexpr auto joined(E const& a, std::index_sequence<R...>) {
    return Extents(Size<known(E::static_extent(R), F::static_extent(R))>(a[R])...);
}

}  // namespace detail

/// The shape that both values must have. Each extent may be a number in one type and dyn in the
/// other; then it is a number in the result. Throws Error if the shapes differ at run time.
template <class Ctx, class T, class E, class U, class F>
constexpr auto common_shape(char const* op, Var<Ctx, T, E> const& a, Var<Ctx, U, F> const& b) {
    static_assert(may_agree<E, F>(), "the values of this op must have one shape");
    if constexpr (may_agree<E, F>()) {
        for (index r = 0; r < E::rank; ++r) {
            if (a.extents[r] != b.extents[r]) {
                fail(op, "shapes differ: " + to_string(a.extents) + " and " + to_string(b.extents));
            }
        }
        using Axes = std::make_index_sequence<static_cast<std::size_t>(E::rank)>;
        return detail::joined<E, F>(a.extents, Axes{});
    } else {
        return a.extents;
    }
}

/// Throws Error unless x has `expected` channels.
template <class Ctx, class T, class E>
constexpr void check_channels(char const* op, Var<Ctx, T, E> const& x, index expected) {
    if (last_extent(x) != expected) {
        fail(op, "x is " + to_string(x.extents) + ", the parameters expect " +
                     std::to_string(expected) + " channels");
    }
}

/// Throws Error unless products of so many rows are counted, where the context's policy counts.
template <class Ctx>
constexpr void check_counted(index rows) {
    if constexpr (counts_work<decltype(std::declval<Ctx const&>().policy())>) {
        static_assert(!Ctx::records, "counting: the products of a Tape are not counted");
        if (rows != 1) {
            fail("counting", "a product of " + std::to_string(rows) +
                                 " rows is not counted; "
                                 "stream one token at a time");
        }
    }
}

/// n numbers of carried state as they are before a kernel runs, for the way back, in units of U;
/// null where nothing is carried, or there is no way back.
template <class U, class Ctx, class T>
constexpr U const* kept_start(Ctx& context, T const* state, index n) {
    if constexpr (Ctx::records) {
        if (state == nullptr) { return nullptr; }
        auto const bytes = static_cast<std::size_t>(n) * sizeof(T);
        auto* const start = context.template keep<U>(static_cast<index>(bytes / sizeof(U)));
        context.run([=] { std::memcpy(start, state, bytes); });
        return start;
    } else {
        return nullptr;
    }
}

/// The sizes of a shape [batch, time, channels].
template <class E>
constexpr kernels::Btc btc(E const& shape) {
    return {shape[0], shape[1], shape[2]};
}

}  // namespace spikelet
