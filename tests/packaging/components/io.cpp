// SPDX-License-Identifier: MIT
//
// Component io: weights that are saved can be loaded.
#include <algorithm>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/linear.hpp>

namespace sk = spikelet;

int main() {
    sk::Rng rng{42};
    sk::Linear<3, 5> saved, loaded;
    sk::init(saved, rng);
    sk::save_checkpoint("linear.safetensors", saved);
    sk::load_checkpoint("linear.safetensors", loaded);
    return std::ranges::equal(saved.weight.span(), loaded.weight.span()) ? 0 : 1;
}
