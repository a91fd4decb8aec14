// expect: mean_over_time: x must be [batch, time, channels]
// SPDX-License-Identifier: MIT
#include <vector>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/mean_over_time.hpp>

auto wrong(spikelet::Tape<>& tape, std::vector<std::int32_t> const& lengths) {
    auto const x = tape.make<float>(spikelet::Extents<3, 128>{});
    return spikelet::mean_over_time(x, lengths);
}
