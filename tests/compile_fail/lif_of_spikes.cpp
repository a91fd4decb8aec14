// expect: this op takes numbers, not spikes: to_numbers(spikes) makes numbers of them
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/lif.hpp>

auto wrong(spikelet::Lif<> const& neuron, spikelet::Tape<>& tape) {
    auto const x = tape.make<float>(spikelet::Extents<1, 3, 128>{});
    return neuron(neuron(x));
}
