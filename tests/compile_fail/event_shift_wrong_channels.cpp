// expect: event_shift: the last extent of s must equal the number of weights
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/event_shift.hpp>

auto wrong(spikelet::Parameter<128> const& weight, spikelet::Tape<>& tape) {
    return spikelet::event_shift(tape.make<spikelet::trit>(spikelet::Extents<1, 3, 127>{}), weight);
}
