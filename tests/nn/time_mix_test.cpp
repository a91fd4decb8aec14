// SPDX-License-Identifier: MIT
#include <spikelet/nn/time_mix.hpp>

#include <algorithm>
#include <array>
#include <functional>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/nn/init.hpp>

#include <nn/event_support.hpp>
#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test::time_mix_test {
namespace {

constexpr Extents<dyn, dyn, dyn> shape(2, 7, 5);

/// With random weights everywhere.
template <class T>
TimeMix<dyn, Arctan, T> random_layer(bool spiking) {
    TimeMix<dyn, Arctan, T> layer{.channels = 5, .inputs = spiking ? Inputs::lif : Inputs::numbers};
    for (auto* node : {&layer.lif_k, &layer.lif_v, &layer.lif_r}) { node->options.threshold = 0.4; }
    layer.lif_o.options.threshold = 0.1;
    std::uint64_t seed = 1;
    each_parameter(layer, [&](std::string_view, auto& p) { fill_random(p, seed++); });
    return layer;
}

/// The layer as its formula reads.
auto formula(auto const& layer, auto x) {
    auto const past = shift(x);
    auto const k = linear(mix(x, past, layer.time_mix_k), layer.key.weight);
    auto const v = linear(mix(x, past, layer.time_mix_v), layer.value.weight);
    auto const r = linear(mix(x, past, layer.time_mix_r), layer.receptance.weight);
    auto const y = sigmoid(r) * wkv(k, v, layer.time_decay, layer.time_first);
    return linear(y, layer.output.weight);
}

auto spiking_formula(auto const& layer, auto x) {
    auto const past = shift(x);
    auto const spikes = [](auto value, auto const& node) {
        return to_numbers(lif(value, node.options).spikes);
    };
    auto const k = linear(spikes(mix(x, past, layer.time_mix_k), layer.lif_k), layer.key.weight);
    auto const v = linear(spikes(mix(x, past, layer.time_mix_v), layer.lif_v), layer.value.weight);
    auto const r =
        linear(spikes(mix(x, past, layer.time_mix_r), layer.lif_r), layer.receptance.weight);
    auto const y = gate(r, wkv(k, v, layer.time_decay, layer.time_first));
    return linear(spikes(y, layer.lif_o), layer.output.weight);
}

TEST_CASE("time mix: backward equals finite differences in every weight") {
    auto layer = random_layer<double>(false);
    auto const report = gradcheck(layer, random_tensor<double>(shape, 9));
    CHECK_MESSAGE(report.passed(), to_string(report));
    CHECK(report.checked == 70 + 25 + 4 * 25);
}

TEST_CASE("time mix: from the start every projection sees the present, and decays differ") {
    TimeMix<dyn> layer{.channels = 5};
    Rng rng(1);
    init(layer, rng);
    auto const decays = layer.time_decay.span();
    CHECK(std::ranges::adjacent_find(decays, std::ranges::greater_equal{}) == decays.end());
    auto const x = random_tensor<float>(shape, 9);
    Tape tape;
    auto const now = tape.begin(x.view());
    auto const past = shift(now);
    for (auto const* m : {&layer.time_mix_k, &layer.time_mix_v, &layer.time_mix_r}) {
        auto const mixed = values_of(mix(now, past, *m));
        CHECK(mixed != values_of(past));
        CHECK(mixed != values_of(now));
    }
    for (auto const* matrix : {&layer.key, &layer.value, &layer.receptance, &layer.output}) {
        CHECK(matrix->weight.value()[7] != 0);
    }
}

TEST_CASE("time mix: equals its formula") {
    auto const x = random_tensor<double>(shape, 9);
    Tape<Serial<>, double> tape;
    auto const v = tape.begin(x.view());
    auto const numbers = random_layer<double>(false);
    auto const a = values_of(numbers(v));
    auto const b = values_of(formula(numbers, v));
    for (std::size_t i = 0; i < a.size(); ++i) { CHECK(a[i] == doctest::Approx(b[i])); }
    auto const spiking = random_layer<double>(true);
    CHECK(roundings(values_of(spiking(v)), values_of(spiking_formula(spiking, v))) < 32);
}

TEST_CASE("time mix: gradients through spikes are those of the formula") {
    auto const layer = random_layer<double>(true);
    auto const x = random_tensor<double>(shape, 9);
    Tape<Serial<>, double> tape;
    auto const first = tape.begin(x.view());
    tape.backward(layer(first));
    auto const dx = gradient_of(first);
    auto const second = tape.begin(x.view());
    tape.backward(spiking_formula(layer, second));
    CHECK(roundings(dx, gradient_of(second)) < 64);
}

TEST_CASE("time mix: streaming, split at every point, equals the whole sequence") {
    for (bool const spiking : {false, true}) {
        auto const layer = random_layer<float>(spiking);
        CHECK(streams_exactly(random_tensor<float>(shape, 9), layer));
    }
}

/// With event nodes, random weights and few channels that are always silent.
template <class T>
TimeMix<dyn, Arctan, T> event_layer(Inputs inputs, index channels) {
    TimeMix<dyn, Arctan, T> layer{
        .channels = channels, .inputs = inputs, .levels = {.inputs = 5, .output = 2}};
    fill_with_events(layer);
    return layer;
}

/// Events as numbers of their own, the choice of a step as a mix with weights 0 and 1. Their
/// gradients are those of the weights.
template <class T>
struct EventFormula {
    TimeMix<dyn, Arctan, T> const& layer;
    BasicParameter<T, dyn> k = chosen(layer.time_mix_k), v = chosen(layer.time_mix_v),
                           r = chosen(layer.time_mix_r);

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
        auto const value = linear(input(x, layer.ev_v, layer.time_mix_v, v), layer.value.weight);
        auto const gating =
            linear(input(x, layer.ev_r, layer.time_mix_r, r), layer.receptance.weight);
        auto const y = gate(gating, wkv(key, value, layer.time_decay, layer.time_first));
        auto const out = event_node<signed_graded<3>>(rms_norm(y), layer.ev_o->threshold, 2);
        return linear(to_numbers(out.spikes), layer.output.weight);
    }
};

TEST_CASE("time mix: with events values and gradients are those of its formula") {
    auto const x = random_tensor<double>(Extents<dyn, dyn, dyn>(2, 7, 9), 9);
    for (Inputs const inputs : {Inputs::shared_events, Inputs::own_events}) {
        bool const shared = inputs == Inputs::shared_events;
        auto layer = event_layer<double>(inputs, 9);
        EventFormula<double> const formula{layer};
        auto const [values, gradients] = values_and_gradients(layer, x, layer);
        auto const [expected, others] = values_and_gradients(formula, x, layer);
        CHECK(roundings(values, expected) < 32);
        auto const choices = std::array{&formula.k, &formula.v, &formula.r};
        for (auto const& found : gradients) {
            auto const& [name, gradient] = found;
            CAPTURE(found.first);
            auto given = others.at(name);
            if (shared && name.starts_with("time_mix_")) {
                auto const& choice = *choices[std::string_view("kvr").find(name.back())];
                given.assign(choice.gradient(), choice.gradient() + 9);
            }
            CHECK(roundings(gradient, given) < 256);
            CHECK(std::count(given.begin(), given.end(), 0.0) < std::ssize(given));
        }
        CHECK(gradients.size() == (shared ? 12 : 14));  // with x
    }
}

TEST_CASE("time mix: with events streaming, split at every point, equals the whole sequence") {
    for (Inputs const inputs : {Inputs::shared_events, Inputs::own_events}) {
        for (index const channels : {1, 5, 67}) {
            auto const layer = event_layer<float>(inputs, channels);
            auto const x = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, channels), 9);
            CHECK(streams_exactly(x, layer));
            CHECK(rows_stand_alone(x, layer));
        }
    }
}

TEST_CASE("time mix: with events it shows these, and what reads them how much that costs") {
    auto const layer = event_layer<float>(Inputs::own_events, 5);
    Recorder recorder(layer);
    auto const x = random_tensor<float>(shape, 9);
    Tape tape;
    tape.observe(&recorder);
    (void)layer(tape.begin(x.view()));
    for (auto const* name : {"y", "ev_k.u", "ev_k.s", "ev_v.s", "ev_r.s", "ev_o.u", "ev_o.s",
                             "key.x", "value.x", "receptance.x", "output.x"}) {
        CAPTURE(name);
        CHECK(recorder.seen[name].size() == 70);
    }
    CHECK(recorder.seen["output.x"] == recorder.seen["ev_o.s"]);
    CHECK(layer.ev_k->fan_out == 5);
    CHECK(layer.ev_v->fan_out == 5);
    CHECK(layer.ev_r->fan_out == 5);
    CHECK(layer.ev_o->fan_out == 5);
    CHECK_FALSE(layer.ev_x.has_value());
    auto const shared = event_layer<float>(Inputs::shared_events, 5);
    CHECK(shared.ev_x->fan_out == 15);
    CHECK_FALSE(shared.ev_k.has_value());
    CHECK_FALSE(random_layer<float>(true).ev_o.has_value());
}

TEST_CASE("time mix: event nodes start with the layer's levels and surrogate") {
    TimeMix<4> layer{.inputs = Inputs::own_events,
                     .neuron = {{}, Arctan{5.0}},
                     .levels = {.inputs = 4, .output = 2}};
    Rng rng(1);
    init(layer, rng);
    for (auto const* node : {&layer.ev_k, &layer.ev_v, &layer.ev_r}) {
        CHECK((*node)->most == 4);
        CHECK((*node)->surrogate.slope == 5);
        CHECK((*node)->threshold.value()[3] == 0.49F);
    }
    CHECK(layer.ev_o->most == 2);
    CHECK(layer.ev_o->surrogate.slope == 5);
    CHECK(layer.ev_o->threshold.value()[3] == 0.6F);
    CHECK(TimeMix<4>{.inputs = Inputs::shared_events, .neuron = {{}, Arctan{3.0}}}
              .ev_x->surrogate.slope == 3);
}

TEST_CASE("time mix: shows what a trace wants to see") {
    auto const layer = random_layer<float>(true);
    Recorder recorder(layer);
    auto const x = random_tensor<float>(shape, 9);
    Tape tape;
    tape.observe(&recorder);
    (void)layer(tape.begin(x.view()));
    for (auto const* name :
         {"k", "v", "r", "wkv", "lif_k.h", "lif_k.s", "lif_v.s", "lif_r.s", "lif_o.h", "lif_o.s"}) {
        CAPTURE(name);
        CHECK(recorder.seen[name].size() == 70);
    }
    auto const& spikes = recorder.seen["lif_o.s"];
    CHECK(std::count(spikes.begin(), spikes.end(), 1.0F) > 0);
}

TEST_CASE("time mix: inputs that change after event nodes were made of them are refused") {
    check_refuses_other_inputs(
        "time mix", [](Inputs inputs) { return TimeMix<dyn>{.channels = 5, .inputs = inputs}; });
}

TEST_CASE("time mix: neurons start as the layer's, the output's may differ") {
    TimeMix<4> const layer{.neuron = {{.threshold = 0.5}, {}},
                           .output_neuron = {{.threshold = 0.25}, {}}};
    CHECK(layer.lif_k.options.threshold == 0.5);
    CHECK(layer.lif_v.options.threshold == 0.5);
    CHECK(layer.lif_r.options.threshold == 0.5);
    CHECK(layer.lif_o.options.threshold == 0.25);
    CHECK(TimeMix<4>{.neuron = {{.tau = 7}, {}}}.lif_o.options.tau == 7);
}

}  // namespace
}  // namespace spikelet::test::time_mix_test
