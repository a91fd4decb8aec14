// SPDX-License-Identifier: MIT
//
// The code of docs/README.md, and of other pages that are no programs of their own: what is on a
// page must be found here, says tests/docs/pages.py.
#include <cstdint>
#include <iostream>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/models/spikegpt_classifier.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>
#include <spikelet/spikelet.hpp>

#include <support/tiny_lm.hpp>

namespace sk = spikelet;
using Lm = sk::test::TinyLm<256, 64, 2>;

namespace docs {

template <sk::index C>
struct Block {
    sk::LayerNorm<C> norm;
    sk::Linear<C, C> in, out;
    sk::Lif<> neuron;
    SPIKELET_PARTS(norm, in, out, neuron)

    constexpr auto operator()(auto x) const { return x + out(neuron(in(norm(x)))); }
};

double bits_per_byte(Lm const& lm, sk::ByteText const& valid) {
    sk::Forward forward{sk::openmp};
    double bits = 0;
    for (sk::index i = 0; i + 1 < valid.size(); i += 64) {  // each byte but the first, once
        auto const [input, target] = valid.window(i, 64);
        auto const loss = sk::cross_entropy(lm(forward.begin(input)), target);  // mean, in nats
        auto const bytes = static_cast<double>(target.time);
        bits += bytes * static_cast<double>(*loss.data) / std::numbers::ln2;
    }
    return bits / static_cast<double>(valid.size() - 1);
}

double bits_of_the_rest(Lm const& lm, std::string const& path) {
    auto [to_learn_from, to_validate_on] = sk::Text{path}.split(0.05);
    return bits_per_byte(lm, sk::ByteText{std::move(to_validate_on)});
}

void save_and_load(Lm const& lm) {
    sk::save_checkpoint("lm.safetensors", lm);  // names from SPIKELET_PARTS; whole or not at all
    Lm again;
    sk::load_checkpoint("lm.safetensors", again);  // checks every name, type and shape
}

void open_any(std::string const& path, std::span<std::int32_t const> prompt) {
    auto const file = sk::SafetensorsFile::open(path);
    sk::SpikeGpt<> model{sk::config_from_metadata(file.metadata())};
    sk::load_checkpoint(file, model);
    sk::Session speak{model};
    speak.feed(prompt);
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

using OnChip = Shrinkable<sk::int4>;

template <class Model>
void write_weights(Model const& model, std::ostream& numbers, std::ostream& codes) {
    numbers << std::hexfloat;  // every float exactly
    sk::each_parameter(model, [&]<class P>(std::string_view, P const& p) {
        bool const is_code = std::is_same_v<typename P::scalar, std::uint8_t>;
        for (auto const x : p.span()) { (is_code ? codes : numbers) << +x << ",\n"; }
    });
}

void at_the_desk(std::string const& trained, std::ostream& numbers, std::ostream& codes) {
    Shrinkable<> model;
    sk::load_checkpoint(trained, model);
    OnChip small;
    sk::quantize(model, small);
    write_weights(small, numbers, codes);
}

void on_chip(OnChip& model, std::span<float const> numbers, std::span<std::uint8_t const> codes) {
    sk::bind(model, numbers, codes);  // alignas(8) std::uint8_t const codes[]
}

using Chip = sk::SpikeGpt<256, 32, 2>;  // vocabulary, channels, layers
constexpr sk::SpikeGptConfig events = sk::make_config(sk::find_variant("event_driven"), 256, 2, 32);
constexpr sk::index event_weights = sk::parameter_count<Chip>(events);
using EventSession = sk::Session<Chip, sk::Serial<>, float, sk::footprint<Chip>(events)>;

void speak_in_events(Chip& model) {
    model = Chip(events);  // its numbers it gets from sk::bind() or from a file
    EventSession session{model};
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

void take_back_a_token(sk::Session<Lm>& session, std::span<std::int32_t const> prompt) {
    sk::Reversible speak{session, 16};
    speak.feed(prompt);
    speak('a');
    auto logits = speak.roll_back(1);  // those after the prompt, bit for bit
}

[[noreturn]] void write(sk::Session<Lm>& session, std::span<std::int32_t const> prompt,
                        sk::Rng& rng) {
    auto logits = session.feed(prompt);
    sk::SamplingOptions options{.temperature = 0.8, .min_p = 0.05};
    options.logits.frequency = 0.2;
    options.logits.banned = {0};
    sk::RecentIds recent(64);
    recent.push(prompt);
    for (;;) {
        auto const id = sk::sample(logits, rng, options, recent);
        recent.push(id);
        logits = session(id);
    }
}

void classify(sk::SpikeGptConfig const& config, sk::Tape<>& tape, sk::Rng& rng,
              sk::Tokens const& ids, std::span<std::int32_t const> lengths,
              sk::Tokens const& labels) {
    sk::SpikeGptClassifier<> model(config, {.hidden = 64, .classes = 2, .dropout = 0.3});
    model.init(rng);
    auto const logits = model(tape.begin(ids), lengths);  // [batch, classes]; row b: lengths[b] ids
    auto const loss = sk::cross_entropy(logits, labels);  // labels: Tokens [batch, 1]
    tape.backward(loss);
}

}  // namespace docs

template struct sk::Lif<docs::Rectangle>;
template auto docs::fire_with_a_lambda(sk::Var<sk::Tape<>, float, sk::Extents<2, 3, 4>>);
