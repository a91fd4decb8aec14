// expect: openmp: compile this file with OpenMP (-fopenmp, or link spikelet::openmp)
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>

auto wrong() {
    spikelet::Tape tape(spikelet::openmp);
    return spikelet::sigmoid(tape.make<float>(spikelet::Extents<3>{})).extents;
}
