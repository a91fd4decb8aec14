// expect: integer_lif: the last extent of x must equal the number of thresholds
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/integer_lif.hpp>

auto wrong(spikelet::IntegerLif<128> const& neuron, spikelet::Tape<>& tape) {
    return neuron(tape.make<float>(spikelet::Extents<1, 3, 127>{}));
}
