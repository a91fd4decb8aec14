// SPDX-License-Identifier: MIT
// Nodes in front of matrices that learn when to speak, in graded spikes. Formulas:
// docs/numerics.md, "Events".
#pragma once

#include <algorithm>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/nn/inputs.hpp>
#include <spikelet/ops/event_node.hpp>

namespace spikelet {

/// Graded spikes of kind S with a learned threshold for each channel: x [..., C] -> events of the
/// same shape, at most `most` levels of them. `fan_out` is how many outputs read an event; it
/// matters where a Tape has a price for events.
template <index C, SpikeKind S = graded<3>, class Surrogate = Arctan, class T = float>
struct EventNode {
    [[no_unique_address]] Size<C> channels{};              ///< C
    int most = EventLevels<S>::highest;                    ///< levels at most
    index fan_out = 0;                                     ///< outputs that read an event
    double first_threshold = first_threshold_of<S>(most);  ///< what init() sets
    Surrogate surrogate{};  ///< slope at each threshold for the gradient

    BasicParameter<T, C> threshold{channels};  ///< of the first level
    SPIKELET_PARTS(threshold)

    constexpr auto operator()(auto x) const {
        auto const fired = event_node<S>(x, threshold, most, fan_out, surrogate);
        if (fired.charge.data != nullptr) { tap(*this, "u", fired.charge); }
        tap(*this, "s", fired.spikes);
        return fired.spikes;
    }

    /// Throws Error if the thresholds are bound to constant numbers.
    void init(Rng&) { std::ranges::fill(threshold.writable(), static_cast<T>(first_threshold)); }
};

/// How many outputs the channels of a model's event nodes feed, all together: the additions of a
/// token if every channel fired once. lambda / event_synapses(model) as the price of events makes
/// lambda what that token costs, with every event at level 1.
template <class Model>
constexpr double event_synapses(Model const& model) {
    double sum = 0;
    each_part(PartName{}, model, [&](PartName const&, auto const& part) {
        if constexpr (requires { part.fan_out* part.threshold.size(); }) {
            sum += static_cast<double>(part.fan_out) * static_cast<double>(part.threshold.size());
        }
    });
    return sum;
}

}  // namespace spikelet
