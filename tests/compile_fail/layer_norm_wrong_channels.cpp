// expect: layer_norm: the last extent of x must equal the layer's channels
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/layer_norm.hpp>

auto wrong(spikelet::LayerNorm<128> const& layer, spikelet::Tape<>& tape) {
    return layer(tape.make<float>(spikelet::Extents<3, 127>{}));
}
