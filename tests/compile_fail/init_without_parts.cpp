// expect: init: list the model's parts with SPIKELET_PARTS
// SPDX-License-Identifier: MIT
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/linear.hpp>

struct Forgetful {
    spikelet::Linear<2, 2> layer;
};

void wrong(Forgetful& model, spikelet::Rng& rng) { spikelet::init(model, rng); }
