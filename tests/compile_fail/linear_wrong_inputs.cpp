// expect: linear: the last extent of x must equal the weight's inputs
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/linear.hpp>

auto wrong(spikelet::Linear<128, 64> const& layer, spikelet::Tape<>& tape) {
    return layer(tape.make<float>(spikelet::Extents<spikelet::dyn, 127>(3, {})));
}
