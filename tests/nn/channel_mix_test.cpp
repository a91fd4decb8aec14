// SPDX-License-Identifier: MIT
#include <spikelet/nn/channel_mix.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/nn/init.hpp>

#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test {
namespace {

constexpr Extents<dyn, dyn, dyn> shape(2, 7, 5);

/// With random weights everywhere.
template <class T>
ChannelMix<dyn, dyn, Arctan, T> random_layer(bool spiking_inputs, bool spiking_hidden) {
    ChannelMix<dyn, dyn, Arctan, T> layer{.channels = 5,
                                          .hidden = 11,
                                          .inputs = spiking_inputs ? Inputs::lif : Inputs::numbers,
                                          .spiking_hidden = spiking_hidden,
                                          .neuron = {{.threshold = 0.4}, {}}};
    std::uint64_t seed = 1;
    each_parameter(layer, [&](std::string_view, auto& p) { fill_random(p, seed++); });
    return layer;
}

/// The layer as its formula reads.
auto formula(auto const& layer, auto x) {
    auto const past = shift(x);
    auto const spikes = [](auto value, auto const& node) {
        return to_numbers(lif(value, node.options).spikes);
    };
    auto const project = [&](auto const& mixing, auto const& node, auto const& matrix) {
        auto const now = mix(x, past, mixing);
        return linear(layer.inputs == Inputs::lif ? spikes(now, node) : now, matrix.weight);
    };
    auto const k = project(layer.time_mix_k, layer.lif_k, layer.key);
    auto const r = project(layer.time_mix_r, layer.lif_r, layer.receptance);
    auto const hidden = layer.spiking_hidden ? spikes(k, layer.lif_v) : relu2(k);
    return gate(r, linear(hidden, layer.value.weight));
}

TEST_CASE("channel mix: backward equals finite differences in every weight") {
    auto layer = random_layer<double>(false, false);
    auto const report = gradcheck(layer, random_tensor<double>(shape, 9));
    CHECK_MESSAGE(report.passed(), to_string(report));
    CHECK(report.checked == 70 + 10 + 25 + 2 * 55);
}

TEST_CASE("channel mix: values and gradients are those of its formula, with spikes or without") {
    auto const x = random_tensor<double>(shape, 9);
    for (bool const inputs : {false, true}) {
        for (bool const hidden : {false, true}) {
            auto const layer = random_layer<double>(inputs, hidden);
            Tape<Serial<>, double> tape;
            auto const first = tape.begin(x.view());
            auto const y = layer(first);
            tape.backward(y);
            auto const values = values_of(y);
            auto const dx = gradient_of(first);
            auto const second = tape.begin(x.view());
            auto const z = formula(layer, second);
            tape.backward(z);
            CHECK(roundings(values, values_of(z)) < 32);
            CHECK(roundings(dx, gradient_of(second)) < 64);
        }
    }
}

TEST_CASE("channel mix: streaming, split at every point, equals the whole sequence") {
    for (bool const inputs : {false, true}) {
        for (bool const hidden : {false, true}) {
            auto const layer = random_layer<float>(inputs, hidden);
            CHECK(streams_exactly(random_tensor<float>(shape, 9), layer));
        }
    }
}

TEST_CASE("channel mix: shows what a trace wants to see") {
    auto const layer = random_layer<float>(true, true);
    Recorder recorder(layer);
    auto const x = random_tensor<float>(shape, 9);
    Tape tape;
    tape.observe(&recorder);
    (void)layer(tape.begin(x.view()));
    for (auto const* name : {"r", "kv", "lif_k.h", "lif_k.s", "lif_r.s"}) {
        CAPTURE(name);
        CHECK(recorder.seen[name].size() == 70);
    }
    CHECK(recorder.seen["k"].size() == 2 * 7 * 11);
    CHECK(recorder.seen["lif_v.s"].size() == 2 * 7 * 11);
}

TEST_CASE("channel mix: from the start every projection sees the present") {
    ChannelMix<dyn, dyn> layer{.channels = 5, .hidden = 11};
    Rng rng(1);
    init(layer, rng);
    auto const x = random_tensor<float>(shape, 9);
    Tape tape;
    auto const now = tape.begin(x.view());
    auto const past = shift(now);
    for (auto const* m : {&layer.time_mix_k, &layer.time_mix_r}) {
        auto const mixed = values_of(mix(now, past, *m));
        CHECK(mixed != values_of(past));
        CHECK(mixed != values_of(now));
    }
    for (auto const weights :
         {layer.key.weight.span(), layer.receptance.weight.span(), layer.value.weight.span()}) {
        CHECK(weights[7] != 0);
    }
}

TEST_CASE("channel mix: neurons start as the layer's") {
    ChannelMix<4, 8> const layer{.neuron = {{.threshold = 0.5}, {}}};
    CHECK(layer.lif_k.options.threshold == 0.5);
    CHECK(layer.lif_r.options.threshold == 0.5);
    CHECK(layer.lif_v.options.threshold == 0.5);
}

}  // namespace
}  // namespace spikelet::test
