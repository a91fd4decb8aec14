// expect: add_bias: the last extent of x must equal the number of biases
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/bias.hpp>

auto wrong(spikelet::Parameter<128> const& bias, spikelet::Tape<>& tape) {
    return spikelet::add_bias(tape.make<float>(spikelet::Extents<3, 127>{}), bias);
}
