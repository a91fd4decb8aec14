// expect: counting: products of plain spikes are counted where numbers are float
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/forward.hpp>
#include <spikelet/core/counting.hpp>
#include <spikelet/ops/linear.hpp>

using Counted = spikelet::Forward<spikelet::Counting<>, double>;

auto wrong(spikelet::Var<Counted, spikelet::bit, spikelet::Extents<1, 64>> spikes,
           spikelet::ParameterView<double, 64, 8> weight) {
    return linear(spikes, weight);
}
