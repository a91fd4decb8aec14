// SPDX-License-Identifier: MIT
//
// SpikeGPT on a chip: sizes in the type, weights where they lie, no heap, no exceptions, no RTTI.
// The compiler knows every byte that streaming takes, and refuses a model that does not fit.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <spikelet/edge.hpp>

namespace sk = spikelet;

// This program has a heap; whoever touches it stops the program.
void* operator new(std::size_t) { std::abort(); }
void operator delete(void*) noexcept { std::abort(); }
void operator delete(void*, std::size_t) noexcept { std::abort(); }

namespace {

using Model = sk::SpikeGpt<256, 64, 4>;  // vocabulary, channels, layers
using Session = sk::Session<Model>;

constexpr sk::index weight_count = sk::parameter_count<Model>();
static_assert(sizeof(Session) <= 16 * 1024, "the session must fit the chip");

// Stands for the weights in flash: the parameters of a trained model in the order of
// sk::each_parameter, which is what a program at a desk writes out. These are random.
std::array<float, weight_count> weights;

Model model;

}  // namespace

int main() {
    sk::Rng rng{42};
    for (float& w : weights) { w = 0.3F * static_cast<float>(rng.normal()); }
    sk::bind(model, std::span<float const>(weights));

    static Session session{model};
    std::printf("%td weights, %zu bytes of memory to stream:", weight_count, sizeof(Session));
    std::int32_t byte = '\n';
    for (int i = 0; i < 32; ++i) {
        byte = sk::argmax(session(byte));
        std::printf(" %02x", static_cast<unsigned>(byte));
    }
    std::printf("\n");
}
