// SPDX-License-Identifier: MIT
// A language model whose matrices read events (one of them numbers that are mostly zero), trained
// so that they are few, then stored in four bits. docs/event_lm.md goes through it line by line.
// Usage: event_lm [TEXT FILE] [STEPS]
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <numbers>
#include <string_view>
#include <utility>

#include <spikelet/spikelet.hpp>

namespace sk = spikelet;

// Hears which thresholds its input passes, weighs that against the past, answers in events. W is
// what matrices are stored as.
template <sk::index C, class W>
struct Block {
    sk::LayerNorm<C> norm_past, norm_now;
    sk::EventNode<C> hears{.fan_out = 3 * C};
    sk::Parameter<C> time_mix_k, time_mix_v, time_mix_r, time_decay, time_first;
    sk::Linear<C, C, W> key, value, receptance, output;
    sk::EventNode<C, sk::signed_graded<3>> answers{.fan_out = C};
    sk::EventNode<C> thinks{.fan_out = 4 * C};
    sk::Linear<C, 4 * C, W> up;
    sk::ThresholdRelu2<4 * C> rises{.fan_out = C};
    sk::Linear<4 * C, C, W> down;
    SPIKELET_PARTS(norm_past, norm_now, hears, time_mix_k, time_mix_v, time_mix_r, time_decay,
                   time_first, key, value, receptance, output, answers, thinks, up, rises, down)

    constexpr auto operator()(auto x) const {
        auto const [k, v, r] =
            sk::event_shift(hears(norm_past(x)), time_mix_k, time_mix_v, time_mix_r);
        auto const past = sk::wkv(key(k), value(v), time_decay, time_first);
        auto const now = sk::rms_norm(sk::gate(receptance(r), past));
        auto const y = x + output(answers(now));
        return y + down(rises(up(thinks(norm_now(y)))));
    }
};

template <class W = float>
struct EventLm {
    static constexpr sk::index channels = 64;

    sk::Embedding<256, channels> embed;
    std::array<Block<channels, W>, 3> blocks;
    sk::LayerNorm<channels> norm;
    sk::EventNode<channels> speaks{.fan_out = 256};
    sk::Linear<channels, 256, W> head;
    SPIKELET_PARTS(embed, blocks, norm, speaks, head)

    constexpr auto operator()(auto bytes) const {
        return head(speaks(norm(sk::chain(blocks, embed(bytes)))));
    }
};

// Prints how well a model predicts some text, and how many of its inputs matrices had to read.
template <class Lm>
void report(char const* name, Lm const& lm, sk::ByteText const& text) {
    sk::Rng rng{7};
    sk::InputDensity density(lm);
    sk::Forward forward{sk::openmp};
    forward.observe(&density);
    auto const [input, target] = text.batch(32, 64, rng);
    auto const loss = sk::cross_entropy(lm(forward.begin(input)), target);
    std::printf("%-8s %.3f bits per byte, %.0f %% of inputs active\n", name,
                static_cast<double>(*loss.data) / std::numbers::ln2, 100 * density.mean());
}

void train(EventLm<>& lm, sk::ByteText const& text, int steps) {
    sk::Rng rng{42};
    sk::init(lm, rng);
    for (auto& block : lm.blocks) { sk::init_time_curves(block); }

    double const lambda = 0.2;  // what a token adds to the loss if every event fires once
    double const synapses = sk::event_synapses(lm);
    sk::Tape tape{sk::openmp};
    sk::Adam adam{lm, {.learning_rate = 3e-3, .clip_norm = 1.0}};
    for (int step = 0; step < steps; ++step) {
        double const ramp = std::min(1.0, 5.0 * step / steps);
        tape.event_cost().set_price(lambda * ramp / synapses);
        auto const [input, target] = text.batch(8, 64, rng);
        auto const loss = sk::cross_entropy(lm(tape.begin(input)), target);
        tape.backward(loss);
        adam.step();
        if (step % 50 == 0) {
            std::printf("step %d loss %.3f\n", step, static_cast<double>(*loss.data));
        }
    }
}

template <class Lm>
void speak(Lm const& lm) {
    sk::Rng rng{1};
    sk::Session session{lm};  // three bits a channel and the weighted past, no heap
    std::int32_t b = '\n';
    for (int i = 0; i < 200; ++i) {
        b = sk::sample(session(b), rng);
        std::putchar(b);
    }
    std::putchar('\n');
}

int number(std::string_view text) {
    int value = 0;
    auto const [end, error] = std::from_chars(text.begin(), text.end(), value);
    if (error != std::errc{} || end != text.end() || value < 1) {
        sk::fail("STEPS", sk::quote(text) + " is not a whole number above 0");
    }
    return value;
}

int main(int argc, char** argv) try {
    auto [to_learn_from, not_seen] = sk::Text{argc > 1 ? argv[1] : __FILE__}.split(0.1);
    EventLm<> lm;
    train(lm, sk::ByteText{std::move(to_learn_from)}, argc > 2 ? number(argv[2]) : 300);
    sk::ByteText const rest{std::move(not_seen)};
    report("float", lm, rest);

    EventLm<sk::int4> small;
    sk::quantize(lm, small);
    report("int4", small, rest);
    speak(small);
} catch (sk::Error const& error) {
    std::fprintf(stderr, "%s\nusage: event_lm [TEXT FILE] [STEPS]\n", error.what());
    return 1;
}
