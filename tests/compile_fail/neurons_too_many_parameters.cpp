// expect: neurons: a parameter for each weight of the neuron
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/leaky_integrator.hpp>

auto wrong(spikelet::Parameter<1> const& decay, spikelet::Tape<>& tape) {
    auto const x = tape.make<float>(spikelet::Extents<1, 3, 128>{});
    return spikelet::neurons("mine", spikelet::kernels::LeakyIntegrator{true},
                             spikelet::StraightThrough{}, x, decay, decay);
}
