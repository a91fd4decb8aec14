// expect: chain: a layer must return the shape of its input
// SPDX-License-Identifier: MIT
#include <vector>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/linear.hpp>

auto wrong(std::vector<spikelet::Linear<8, 4>> const& layers, spikelet::Tape<>& tape) {
    return spikelet::chain(layers, tape.make<float>(spikelet::Extents<spikelet::dyn, 8>(3, {})));
}
