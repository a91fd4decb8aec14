// SPDX-License-Identifier: MIT
//
// SpikeGPT on a chip: sizes in the type, weights where they lie, no heap, no exceptions, no RTTI.
// The compiler knows every byte of the session and of the weights, and refuses what does not fit.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <span>

#include <spikelet/edge.hpp>

namespace sk = spikelet;

// This program has a heap, with two doors that the library knows: operator new, of the containers,
// and aligned_alloc, of its own arrays. Whoever opens one stops the program.
void* operator new(std::size_t) { std::abort(); }
void operator delete(void*) noexcept { std::abort(); }
void operator delete(void*, std::size_t) noexcept { std::abort(); }
extern "C" void* aligned_alloc(std::size_t, std::size_t) noexcept { std::abort(); }

namespace {

using Model = sk::SpikeGpt<256, 32, 2>;  // vocabulary, channels, layers
using Session = sk::Session<Model>;
static_assert(sizeof(Session) <= 8 * 1024, "the session must fit the chip");

constexpr std::size_t weight_count = sk::parameter_count<Model>();

// Stands for the weights in flash: the parameters of a trained model in the order of
// sk::each_parameter, which is what a program at a desk writes out. These are random.
constexpr auto random_weights() {
    std::array<float, weight_count> weights{};
    std::uint32_t state = 42;
    for (float& w : weights) {
        state = state * 1664525 + 1013904223;
        w = static_cast<float>(state >> 8) * 0x1p-24F - 0.5F;
    }
    return weights;
}

constexpr std::array<float, weight_count> weights = random_weights();

// What the model itself takes, where its weights are, is constant like them.
constexpr Model model = [] {
    Model bound;
    sk::bind(bound, std::span{weights});
    return bound;
}();

}  // namespace

int main() {
    static Session session{model};
    std::printf("%zu weights, %zu bytes of memory to stream:", weights.size(), sizeof(Session));
    std::int32_t byte = '\n';
    for (int i = 0; i < 32; ++i) {
        byte = sk::argmax(session(byte));
        std::printf(" %02x", static_cast<unsigned>(byte));
    }
    std::printf("\n");
}
