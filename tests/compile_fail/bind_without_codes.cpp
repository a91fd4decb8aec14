// expect: matrices in few bits take codes, too: bind(model, numbers, codes)
// SPDX-License-Identifier: MIT
#include <spikelet/nn/linear.hpp>

void wrong(spikelet::Linear<8, 8, spikelet::int4>& layer, std::span<float const> numbers) {
    spikelet::bind(layer, numbers);
}
