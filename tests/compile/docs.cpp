// SPDX-License-Identifier: MIT
//
// The longer ones of the programs in docs/README.md, and those of other pages.
#include <iostream>
#include <numbers>
#include <span>
#include <string_view>
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

void take_back(Lm const& lm, std::span<std::int32_t const> prompt) {
    sk::Session session{lm};
    sk::Reversible speak{session, 16};  // up to 16 tokens back
    speak.feed(prompt);
    speak('a');
    auto logits = speak.roll_back(1);  // those after the prompt, bit for bit
}

void train_in_order(Lm& lm, std::span<sk::Batch const> windows) {
    sk::Tape tape{sk::openmp, {.carry_state = true}};  // rows go on where the last window ended
    for (sk::Batch const& window : windows) {
        tape.backward(sk::cross_entropy(lm(tape.begin(window.input)), window.target));
    }
    tape.state().reset();  // the next window starts at rest
}

template <class W = float>  // what the matrix is stored as
struct Shrinkable {
    sk::Embedding<256, 64> embed;
    sk::Linear<64, 256, W> head;
    SPIKELET_PARTS(embed, head)

    constexpr auto operator()(auto ids) const { return head(embed(ids)); }
};

void shrink(Shrinkable<> const& trained) {
    Shrinkable<std::int8_t> small;  // or sk::bf16, sk::int4, sk::trit
    sk::quantize(trained, small);
    sk::save_checkpoint("small.safetensors", small);
    sk::Session speak{small};  // a Tape refuses it

    Shrinkable<sk::any_weight> chosen;  // the type is a value, chosen before quantize() and loading
    sk::each_stored_weight(chosen, [](std::string_view, auto& weight) {
        weight.store_as(sk::WeightType::int4, 64);  // a scale for 64 inputs of an output
    });
    sk::quantize(trained, chosen);
}

void before_training(Shrinkable<>& model) {  // floats learn what int4 computes: quantize() into
    model.head.trains_as = {sk::WeightType::int4, 64};  // the same loses nothing more
}

void count(Lm const& lm, std::span<std::int32_t const> text) {
    sk::MatrixWork counts(lm);
    sk::Session session{lm, sk::SessionOptions{}, sk::counting(counts.work())};
    session.observe(&counts);
    session.feed(text);
    for (auto const& matrix : counts.matrices()) {
        std::cout << matrix.name << " " << matrix.work.additions << " of " << matrix.terms()
                  << " terms, " << sk::energy_as_executed(matrix.work) << " pJ\n";
    }
}

struct Rectangle {  // a surrogate of your own: sk::Lif<Rectangle> neuron;
    template <class B>
    B operator()(B const& x) const {
        return sk::simd::select(sk::simd::abs(x) < B(0.5F), B(1), B(0));
    }
};

auto fire_with_a_lambda(auto x) {
    auto narrow = [](auto const& above) { return sk::FastSigmoid{50}(above); };
    auto const s = sk::lif(x, {.threshold = 0.5}, narrow).spikes;
    return s;
}

}  // namespace docs

template struct sk::Lif<docs::Rectangle>;
template auto docs::fire_with_a_lambda(sk::Var<sk::Tape<>, float, sk::Extents<2, 3, 4>>);
