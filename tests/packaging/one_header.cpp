// SPDX-License-Identifier: MIT
//
// A program that has spikelet as one header: a model streams.
#include <spikelet/spikelet.hpp>

#include <cstdio>

int main() {
    spikelet::Rng rng{42};
    spikelet::SpikeGpt<16, 8, 1> model;
    spikelet::init(model, rng);
    spikelet::Session here{model}, again{model};
    auto const logits = here.feed(std::array<std::int32_t, 2>{1, 2});
    again(1);
    bool const same = std::ranges::equal(logits, again(2));
    std::printf("spikelet %d.%d.%d\n", SPIKELET_VERSION_MAJOR, SPIKELET_VERSION_MINOR,
                SPIKELET_VERSION_PATCH);
    return same ? 0 : 1;
}
