// SPDX-License-Identifier: MIT
//
// The longer one of the programs in docs/README.md.
#include <numbers>
#include <span>
#include <vector>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/spikelet.hpp>

#include <support/tiny_lm.hpp>

namespace sk = spikelet;
using Lm = sk::test::TinyLm<256, 64, 2>;

namespace docs {

auto bits_per_byte(Lm const& lm, sk::Tokens const& input, sk::Tokens const& target) {
    sk::Forward forward{sk::openmp};
    auto const loss = sk::cross_entropy(lm(forward.begin(input)), target);
    return *loss.data / std::numbers::ln2_v<float>;
}

void save_and_load(Lm const& lm) {
    sk::save_checkpoint("lm.safetensors", lm);  // names from SPIKELET_PARTS; whole or not at all
    Lm again;
    sk::load_checkpoint("lm.safetensors", again);  // checks every name, type and shape
}

void fork(Lm const& lm, std::span<std::int32_t const> prompt) {
    sk::Session speak{lm};
    auto logits = speak.feed(prompt);
    std::vector<float> kept(logits.begin(), logits.end());  // a call's logits live until the next
    auto other = speak;                                     // a conversation of its own from here
    other.feed(prompt);
    std::vector<float> state(speak.state().begin(), speak.state().end());
    speak.restore(state);  // back to here
}

struct Rectangle {  // a surrogate of your own: sk::Lif<Rectangle> neuron;
    template <class B>
    B operator()(B const& x) const {
        return sk::simd::select(sk::simd::abs(x) < B(0.5F), B(1), B(0));
    }
};

}  // namespace docs

template struct sk::Lif<docs::Rectangle>;
