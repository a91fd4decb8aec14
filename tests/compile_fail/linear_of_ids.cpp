// expect: this op takes numbers of the type its context computes with
// SPDX-License-Identifier: MIT
#include <cstdint>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/linear.hpp>

auto wrong(spikelet::Parameter<3, 4> const& weight, spikelet::Tape<>& tape) {
    return linear(tape.make<std::int32_t>(spikelet::Extents<2, 3>{}), weight);
}
