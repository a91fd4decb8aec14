// expect: wkv: k and v must be [batch, time, channels]
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/wkv.hpp>

auto wrong(spikelet::Parameter<128> const& decay, spikelet::Tape<>& tape) {
    auto const x = tape.make<float>(spikelet::Extents<3, 128>{});
    return spikelet::wkv(x, x, decay, decay);
}
