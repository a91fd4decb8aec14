// expect: this op takes numbers, not spikes: to_numbers(spikes) makes numbers of them
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/layer_norm.hpp>

auto wrong(spikelet::Parameter<3> const& weight, spikelet::Tape<>& tape) {
    auto const spikes = tape.make<spikelet::bit>(spikelet::Extents<1, 2, 3>{});
    return layer_norm(spikes, weight, weight);
}
