// expect: event_shift: s must be [batch, time, channels]
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/event_shift.hpp>

auto wrong(spikelet::Parameter<128> const& weight, spikelet::Tape<>& tape) {
    return spikelet::event_shift(tape.make<spikelet::bit>(spikelet::Extents<3, 128>{}), weight);
}
