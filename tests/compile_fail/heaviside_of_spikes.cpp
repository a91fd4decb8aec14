// expect: this op takes numbers, not spikes: to_numbers(spikes) makes numbers of them
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/lif.hpp>

auto wrong(spikelet::Heaviside<> const& neuron, spikelet::Tape<>& tape) {
    return neuron(tape.make<spikelet::bit>(spikelet::Extents<3, 128>{}));
}
