// expect: threshold_relu2: the last extent of x must equal the number of thresholds
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/threshold_relu2.hpp>

auto wrong(spikelet::ThresholdRelu2<128> const& node, spikelet::Tape<>& tape) {
    return node(tape.make<float>(spikelet::Extents<3, 127>{}));
}
