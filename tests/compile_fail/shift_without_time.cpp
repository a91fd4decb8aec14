// expect: shift: x must be [batch, time, channels]
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/shift.hpp>

auto wrong(spikelet::Tape<>& tape) {
    return spikelet::shift(tape.make<float>(spikelet::Extents<3, 128>{}));
}
