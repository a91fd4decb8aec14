// expect: lif: x must be [batch, time, channels]
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/lif.hpp>

auto wrong(spikelet::Tape<>& tape) {
    return spikelet::lif(tape.make<float>(spikelet::Extents<3, 128>{}));
}
