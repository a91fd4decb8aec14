// expect: Adam: list the model's parts with SPIKELET_PARTS
// SPDX-License-Identifier: MIT
#include <spikelet/train/adam.hpp>
#include <spikelet/nn/linear.hpp>

struct Forgetful {
    spikelet::Linear<2, 2> layer;
};

void wrong(Forgetful& model) { spikelet::Adam adam(model); }
