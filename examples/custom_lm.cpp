// SPDX-License-Identifier: MIT
// A spiking language model of your own: define it, train it, let it speak.
// Usage: custom_lm [TEXT FILE] [STEPS]
#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

#include <spikelet/spikelet.hpp>

namespace sk = spikelet;

// Reads each byte against its decaying past, and answers in spikes.
template <sk::index C>
struct Block {
    sk::LayerNorm<C> norm;
    sk::Linear<C, C> key, value, gate, out;
    sk::Parameter<C> decay, bonus;
    sk::Lif<> neuron{{.tau = 2.0, .threshold = 0.5}};
    SPIKELET_PARTS(norm, key, value, gate, out, decay, bonus, neuron)

    constexpr auto operator()(auto x) const {
        auto h = norm(x);
        auto past = sk::wkv(key(h), value(h), decay, bonus);
        return x + neuron(out(sk::sigmoid(gate(h)) * past));
    }
};

struct TinyLm {
    sk::Embedding<256, 64> embed;
    std::array<Block<64>, 4> blocks;
    sk::LayerNorm<64> norm;
    sk::Linear<64, 256> head;
    SPIKELET_PARTS(embed, blocks, norm, head)

    constexpr auto operator()(auto bytes) const {
        return head(norm(sk::chain(blocks, embed(bytes))));
    }
};

int number(std::string_view text) {
    int value = 0;
    auto const [end, error] = std::from_chars(text.begin(), text.end(), value);
    if (error != std::errc{} || end != text.end()) {
        sk::fail("STEPS", sk::quote(text) + " is not a whole number");
    }
    return value;
}

int main(int argc, char** argv) try {
    sk::Rng rng{42};
    sk::ByteText text{argc > 1 ? argv[1] : __FILE__};
    int const steps = argc > 2 ? number(argv[2]) : 300;
    TinyLm lm;
    sk::init(lm, rng);

    sk::Tape tape{sk::openmp};  // remembers what the gradient needs
    sk::AdamW adam{lm, {.learning_rate = 3e-3, .clip_norm = 1.0}};
    for (int step = 0; step < steps; ++step) {
        auto [input, target] = text.batch(4, 64, rng);
        auto loss = sk::cross_entropy(lm(tape.begin(input)), target);
        tape.backward(loss);
        adam.step();
        if (step % 50 == 0) {
            std::printf("step %d loss %.3f\n", step, static_cast<double>(*loss.data));
        }
    }

    sk::Session speak{lm};  // remembers what the next byte needs; all inside the object, no heap
    std::int32_t b = '\n';
    for (int i = 0; i < 200; ++i) {
        b = sk::sample(speak(b), rng);
        std::putchar(b);
    }
    std::putchar('\n');
} catch (sk::Error const& error) {
    std::fprintf(stderr, "%s\nusage: custom_lm [TEXT FILE] [STEPS]\n", error.what());
    return 1;
}
