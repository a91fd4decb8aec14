// expect: gradcheck: the layer's weights must be double
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/nn/linear.hpp>

bool wrong() {
    spikelet::Linear<3, 4> layer;
    return spikelet::gradcheck(layer, spikelet::Tensor<double, 2, 3>{}).passed();
}
