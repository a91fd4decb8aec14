// expect: this op takes spikes, not numbers: event_node() makes spikes of them
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/event_shift.hpp>

auto wrong(spikelet::Parameter<128> const& weight, spikelet::Tape<>& tape) {
    return spikelet::event_shift(tape.make<float>(spikelet::Extents<1, 3, 128>{}), weight);
}
