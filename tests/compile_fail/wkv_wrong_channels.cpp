// expect: wkv: the last extent of k must equal the number of decays
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/wkv.hpp>

auto wrong(spikelet::Parameter<128> const& decay, spikelet::Tape<>& tape) {
    auto const x = tape.make<float>(spikelet::Extents<1, 3, 127>{});
    return spikelet::wkv(x, x, decay, decay);
}
