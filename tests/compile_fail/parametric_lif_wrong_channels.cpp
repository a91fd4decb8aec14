// expect: neurons: what is learned must be one number, or one for each channel of x
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/parametric_lif.hpp>

auto wrong(spikelet::ParametricLif<128> const& neuron, spikelet::Tape<>& tape) {
    return neuron(tape.make<float>(spikelet::Extents<1, 3, 127>{}));
}
