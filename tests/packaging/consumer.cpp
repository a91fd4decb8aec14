// SPDX-License-Identifier: MIT
//
// The smallest program that uses spikelet from outside.
#include <spikelet/spikelet.hpp>

#include <cstdio>

int main() {
    spikelet::Rng rng{42};
    float const draw = rng.uniform();
    std::printf("spikelet %d.%d.%d\n", SPIKELET_VERSION_MAJOR, SPIKELET_VERSION_MINOR,
                SPIKELET_VERSION_PATCH);
    return draw >= 0 && draw < 1 ? 0 : 1;
}
