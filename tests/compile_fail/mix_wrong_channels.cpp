// expect: mix: the last extent of x must equal the number of mixing weights
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/shift.hpp>

auto wrong(spikelet::Parameter<128> const& weight, spikelet::Tape<>& tape) {
    auto const x = tape.make<float>(spikelet::Extents<1, 3, 127>{});
    return spikelet::mix(x, spikelet::shift(x), weight);
}
