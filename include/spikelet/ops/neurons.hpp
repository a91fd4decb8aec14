// SPDX-License-Identifier: MIT
// Neurons with learned constants: those of the library, and others' (kernels/neurons.hpp says what
// a neuron is).
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include <spikelet/kernels/neurons.hpp>
#include <spikelet/ops/check.hpp>
#include <spikelet/ops/fired.hpp>
#include <spikelet/ops/lif.hpp>

namespace spikelet {

namespace detail {

/// Neurons over x, and the way back. All that a closure on a tape needs.
template <class Ctx, class E, class N, class Surrogate>
struct NeuronWalk {
    using Scalar = typename Ctx::scalar;
    using Kernel = kernels::Neurons<decltype(std::declval<Ctx const&>().policy()), N>;

    Var<Ctx, Scalar, E> x;
    N neuron;
    Surrogate surrogate;
    typename Kernel::template Weights<Scalar> w;
    std::array<Scalar*, Kernel::weights> dw;
    typename Kernel::template Charged<Scalar> charged;
    Scalar const* start;

    void forward(word* spikes, Scalar* state) const {
        Kernel::forward(x.ctx->policy(), btc(x.extents), neuron, w, x.data, spikes, charged, state);
    }

    void backward(Scalar const* dspikes, Scalar const* dcharge) const {
        auto const n = btc(x.extents);
        auto* const of_channels = x.ctx->template scratch<Scalar>(N::weights * n.C);
        typename Kernel::template Charged<Scalar const> seen;
        std::copy(charged.begin(), charged.end(), seen.begin());
        Kernel::backward(x.ctx->policy(), n, neuron, surrogate, w, x.data, seen, dspikes, dcharge,
                         x.gradient.sum(), of_channels, start);
        for (std::size_t p = 0; p < Kernel::weights; ++p) {
            kernels::add_weight(x.ctx->policy(), n.C, of_channels + static_cast<index>(p) * n.C,
                                w[p].shared, dw[p]);
        }
    }
};

/// Throws Error unless there is one number, or one for each channel of x.
template <class Ctx, class T, class E>
constexpr void check_learned(char const* op, Var<Ctx, T, E> const& x, index size) {
    if (size != 1) { check_channels(op, x, size); }
}

/// What neurons that start at rest carry from step to step.
template <class N, class Ctx>
constexpr auto* carry_state(Ctx& context, N const& neuron, index count) {
    using Scalar = typename Ctx::scalar;
    auto const rest = neuron.rest();
    return [&]<std::size_t... P>(std::index_sequence<P...>) {
        return context.carry(count, {static_cast<Scalar>(rest[P])...});
    }
    (std::make_index_sequence<static_cast<std::size_t>(N::states)>{});
}

}  // namespace detail

/// Neurons that N describes (kernels/neurons.hpp), one for each channel of x [batch, time,
/// channels]. `learned` are N's weights in its order, each [channels], or [1] for one number that
/// serves all channels. Gives spikes of x's shape and, on a Tape, the charge, with a gradient;
/// where N does not spike, its charge alone, everywhere. Throws Error, naming `op`, if run-time
/// sizes do not fit.
template <class N, class Surrogate, class Ctx, class T, class E, class W = typename Ctx::scalar,
          index... Cs>
constexpr auto neurons([[maybe_unused]] char const* op, N neuron, Surrogate surrogate,
                       Var<Ctx, T, E> value, BasicParameter<W, Cs> const&... learned) {
    using Scalar = typename Ctx::scalar;
    static_assert(E::rank == 3, "neurons: x must be [batch, time, channels]");
    static_assert(sizeof...(Cs) == N::weights,
                  "neurons: a parameter for each weight of the neuron");
    static_assert(((Cs == 1 || or_else(E::last, Cs) == Cs) && ...),
                  "neurons: what is learned must be one number, or one for each channel of x");
    auto const x = checked_numbers(value);
    (detail::check_learned(op, x, learned.size()), ...);
    detail::NeuronWalk<Ctx, E, N, Surrogate> walk{x, neuron, surrogate, {}, {}, {}, {}};
    // One by one: an initialiser of too many would be an error beside the sentence above.
    [[maybe_unused]] auto take = [&, p = std::size_t{0}](auto const& parameter) mutable {
        auto const view = checked_view<Ctx>(parameter);
        walk.w[p] = {view.value, parameter.size() == 1};
        walk.dw[p++] = view.gradient;
    };
    (take(learned), ...);
    for (std::size_t p = 1; p < walk.charged.size(); ++p) {
        walk.charged[p] = x.ctx->template keep<Scalar>(x.extents.size());
    }
    index const streams = x.extents[0] * x.extents[2];
    Scalar* const state = detail::carry_state(*x.ctx, neuron, streams);
    walk.start = kept_start<Scalar>(*x.ctx, state, N::states * streams);
    if constexpr (N::spiking) {
        auto s = x.ctx->template make<bit>(x.extents);
        auto const charge = detail::room_for_charge(x);
        walk.charged[0] = charge.data;
        x.ctx->run([&] { walk.forward(s.data, state); });
        x.ctx->record(
            [=] {
                auto const* const dcharge =
                    charge.gradient.started() ? charge.gradient.numbers() : nullptr;
                walk.backward(s.gradient.numbers(), dcharge);
            },
            s, charge);
        return Fired<Ctx, E>{s, charge};
    } else {
        auto y = x.ctx->template make<Scalar>(x.extents);
        walk.charged[0] = y.data;
        x.ctx->run([&] { walk.forward(nullptr, state); });
        x.ctx->record([=] { walk.backward(nullptr, y.gradient.numbers()); }, y);
        return y;
    }
}

}  // namespace spikelet
