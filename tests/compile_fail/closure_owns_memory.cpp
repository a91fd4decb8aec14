// expect: record: a closure on the tape may capture only views and numbers
// SPDX-License-Identifier: MIT
#include <vector>

#include <spikelet/autodiff/tape.hpp>

void wrong(spikelet::Tape<>& tape, std::vector<float> const& numbers) {
    tape.record([numbers] { return numbers[0]; });
}
