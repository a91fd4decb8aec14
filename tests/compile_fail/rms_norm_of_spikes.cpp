// expect: this op takes numbers, not spikes: to_numbers(spikes) makes numbers of them
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/rms_norm.hpp>

auto wrong(spikelet::Tape<>& tape) {
    return spikelet::rms_norm(tape.make<spikelet::graded<3>>(spikelet::Extents<3, 128>{}));
}
