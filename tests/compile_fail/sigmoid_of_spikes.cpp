// expect: this op takes numbers, not spikes: to_numbers(spikes) makes numbers of them
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>

auto wrong(spikelet::Tape<>& tape) {
    return sigmoid(tape.make<spikelet::bit>(spikelet::Extents<1, 2, 3>{}));
}
