// SPDX-License-Identifier: MIT
// What spiking nodes give, and what their spikes cost.
#pragma once

#include <spikelet/autodiff/var.hpp>
#include <spikelet/core/bits.hpp>

namespace spikelet {

/// What a spiking node gives: its spikes, and the charge before the threshold where the context
/// keeps it; its data are null elsewhere. The charge of a neuron is its membrane, for a readout,
/// and has a gradient; that of an event node is its input in units of thresholds, to be looked at
/// only.
template <class Ctx, class E, SpikeKind S = bit>
struct Fired {
    Var<Ctx, S, E> spikes;  ///< of element type S
    /// [.., channels] as the spikes; `data` is null where nobody reads it.
    Var<Ctx, typename Ctx::scalar, E> charge;
};

namespace detail {

/// Adds what the events of s cost to what the context has counted, where events have a price.
template <class Ctx, SpikeKind S, class E>
void add_event_cost(Var<Ctx, S, E> const& s, index fan_out) {
    if constexpr (Ctx::records) {
        if (!s.ctx->event_cost().has_price()) { return; }
        index const channels = s.extents[E::rank - 1];
        index const rows = s.extents.rows();
        Activity sum;
        for (index r = 0; r < rows; ++r) {
            sum += activity<S>(s.data + r * Element<S>::row_units(channels), channels);
        }
        s.ctx->event_cost().add(static_cast<double>(sum.levels), fan_out, rows);
    }
}

}  // namespace detail
}  // namespace spikelet
