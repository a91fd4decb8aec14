// SPDX-License-Identifier: MIT
#include <spikelet/nn/channel_mix.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/nn/init.hpp>

#include <nn/event_support.hpp>
#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test::channel_mix_test {
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

/// With event nodes, random weights and few channels that are always silent.
template <class T>
ChannelMix<dyn, dyn, Arctan, T> event_layer(Inputs inputs, index channels, bool spiking_hidden) {
    ChannelMix<dyn, dyn, Arctan, T> layer{.channels = channels,
                                          .hidden = 11,
                                          .inputs = inputs,
                                          .spiking_hidden = spiking_hidden,
                                          .neuron = {{.threshold = 0.4}, {}},
                                          .levels = {.inputs = 5}};
    fill_with_events(layer);
    return layer;
}

/// Events as numbers of their own, the choice of a step as a mix with weights 0 and 1. Their
/// gradients are those of the weights.
template <class T>
struct EventFormula {
    ChannelMix<dyn, dyn, Arctan, T> const& layer;
    BasicParameter<T, dyn> k = chosen(layer.time_mix_k), r = chosen(layer.time_mix_r);

    auto events(auto x, auto const& node) const {
        return to_numbers(event_node<graded<3>>(x, node->threshold, 5).spikes);
    }
    auto input(auto x, auto const& own, auto const& mixing, auto const& choice) const {
        if (layer.inputs == Inputs::own_events) { return events(mix(x, shift(x), mixing), own); }
        auto const s = events(x, layer.ev_x);
        return mix(s, shift(s), choice);
    }
    auto operator()(auto x) const {
        auto const key = linear(input(x, layer.ev_k, layer.time_mix_k, k), layer.key.weight);
        auto const gating =
            linear(input(x, layer.ev_r, layer.time_mix_r, r), layer.receptance.weight);
        auto const hidden = layer.spiking_hidden ? to_numbers(lif(key, layer.lif_v.options).spikes)
                                                 : threshold_relu2(key, layer.ev_v->threshold);
        return gate(gating, linear(hidden, layer.value.weight));
    }
};

TEST_CASE("channel mix: with events values and gradients are those of its formula") {
    auto const x = random_tensor<double>(Extents<dyn, dyn, dyn>(2, 7, 9), 9);
    for (bool const spiking_hidden : {false, true}) {
        for (Inputs const inputs : {Inputs::shared_events, Inputs::own_events}) {
            bool const shared = inputs == Inputs::shared_events;
            auto layer = event_layer<double>(inputs, 9, spiking_hidden);
            CHECK(layer.ev_v.has_value() != spiking_hidden);
            EventFormula<double> const formula{layer};
            auto const [values, gradients] = values_and_gradients(layer, x, layer);
            auto const [expected, others] = values_and_gradients(formula, x, layer);
            CHECK(roundings(values, expected) < 256);
            for (auto const& found : gradients) {
                auto const& [name, gradient] = found;
                CAPTURE(found.first);
                auto given = others.at(name);
                if (shared && name.starts_with("time_mix_")) {
                    auto const& choice = name.back() == 'k' ? formula.k : formula.r;
                    given.assign(choice.gradient(), choice.gradient() + 9);
                }
                CHECK(roundings(gradient, given) < 256);
                CHECK(std::count(given.begin(), given.end(), 0.0) < std::ssize(given));
            }
            CHECK(gradients.size() == (shared ? 7U : 8U) + (spiking_hidden ? 0U : 1U));  // with x
        }
    }
}

TEST_CASE("channel mix: with events streaming, split at every point, equals the whole sequence") {
    for (bool const spiking_hidden : {false, true}) {
        for (Inputs const inputs : {Inputs::shared_events, Inputs::own_events}) {
            for (index const channels : {1, 5, 67}) {
                auto const layer = event_layer<float>(inputs, channels, spiking_hidden);
                auto const x = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, channels), 9);
                CHECK(streams_exactly(x, layer));
                CHECK(rows_stand_alone(x, layer));
            }
        }
    }
}

TEST_CASE("channel mix: with events it shows these, and they know how many outputs read them") {
    auto const layer = event_layer<float>(Inputs::own_events, 5, false);
    Recorder recorder(layer);
    auto const x = random_tensor<float>(shape, 9);
    Tape tape;
    tape.observe(&recorder);
    (void)layer(tape.begin(x.view()));
    for (auto const* name : {"ev_k.u", "ev_k.s", "ev_r.s", "key.x", "receptance.x"}) {
        CAPTURE(name);
        CHECK(recorder.seen[name].size() == 70);
    }
    CHECK(recorder.seen["h"] == recorder.seen["ev_v.s"]);
    CHECK(recorder.seen["h"] == recorder.seen["value.x"]);
    CHECK(recorder.seen["h"].size() == 2 * 7 * 11);
    CHECK(layer.ev_k->fan_out == 11);
    CHECK(layer.ev_r->fan_out == 5);
    CHECK(layer.ev_v->fan_out == 5);
    CHECK_FALSE(layer.ev_x.has_value());
    auto const shared = event_layer<float>(Inputs::shared_events, 5, false);
    CHECK(shared.ev_x->fan_out == 16);
    CHECK_FALSE(shared.ev_k.has_value());
    CHECK_FALSE(random_layer<float>(true, false).ev_v.has_value());
}

TEST_CASE("channel mix: event nodes start with the layer's levels and surrogate") {
    ChannelMix<4, 8> layer{
        .inputs = Inputs::own_events, .neuron = {{}, Arctan{5.0}}, .levels = {.inputs = 4}};
    Rng rng(1);
    init(layer, rng);
    for (auto const* node : {&layer.ev_k, &layer.ev_r}) {
        CHECK((*node)->most == 4);
        CHECK((*node)->surrogate.slope == 5);
        CHECK((*node)->threshold.value()[3] == 0.49F);
    }
    CHECK(layer.ev_v->threshold.value()[7] == 0.1F);
    CHECK(ChannelMix<4, 8>{.inputs = Inputs::shared_events, .neuron = {{}, Arctan{3.0}}}
              .ev_x->surrogate.slope == 3);
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

TEST_CASE("channel mix: inputs that change after event nodes were made of them are refused") {
    check_refuses_other_inputs("channel mix", [](Inputs inputs) {
        return ChannelMix<dyn, dyn>{.channels = 5, .hidden = 9, .inputs = inputs};
    });
}

TEST_CASE("channel mix: neurons start as the layer's") {
    ChannelMix<4, 8> const layer{.neuron = {{.threshold = 0.5}, {}}};
    CHECK(layer.lif_k.options.threshold == 0.5);
    CHECK(layer.lif_r.options.threshold == 0.5);
    CHECK(layer.lif_v.options.threshold == 0.5);
}

}  // namespace
}  // namespace spikelet::test::channel_mix_test
