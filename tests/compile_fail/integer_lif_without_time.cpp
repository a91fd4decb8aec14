// expect: integer_lif: x must be [batch, time, channels]
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/integer_lif.hpp>

auto wrong(spikelet::IntegerLif<128> const& neuron, spikelet::Tape<>& tape) {
    return neuron(tape.make<float>(spikelet::Extents<3, 128>{}));
}
