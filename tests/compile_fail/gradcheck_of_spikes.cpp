// expect: gradcheck: the result must be numbers; spikes have no differences
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/nn/lif.hpp>

bool wrong() {
    spikelet::Lif<> neuron;
    return spikelet::gradcheck(neuron, spikelet::Tensor<double, 1, 2, 3>{}).passed();
}
