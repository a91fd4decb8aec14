// expect: neurons: x must be [batch, time, channels]
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/leaky_integrator.hpp>

auto wrong(spikelet::LeakyIntegrator<128> const& readout, spikelet::Tape<>& tape) {
    return readout(tape.make<float>(spikelet::Extents<3, 128>{}));
}
