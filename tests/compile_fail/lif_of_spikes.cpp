// expect: lif: x must be numbers, not spikes
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/lif.hpp>

auto wrong(spikelet::Lif<> const& neuron, spikelet::Tape<>& tape) {
    auto const x = tape.make<float>(spikelet::Extents<1, 3, 128>{});
    return neuron(neuron(x));
}
