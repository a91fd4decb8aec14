// expect: the values of this op must have one shape
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>

auto wrong(spikelet::Tape<>& tape) {
    return tape.make<float>(spikelet::Extents<1, 2, 3>{}) +
           tape.make<float>(spikelet::Extents<1, spikelet::dyn, 4>({}, 2, {}));
}
