// expect: the parameters are of another type than the context computes with
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/linear.hpp>

auto wrong(spikelet::Parameter<3, 4> const& weight,
           spikelet::Tape<spikelet::Serial<>, double>& tape) {
    return linear(tape.make<double>(spikelet::Extents<1, 2, 3>{}), weight);
}
