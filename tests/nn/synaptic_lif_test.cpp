// SPDX-License-Identifier: MIT
#include <spikelet/nn/synaptic_lif.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/every_way.hpp>
#include <support/neuron_lm.hpp>
#include <support/values.hpp>

namespace spikelet::test::synaptic_lif_test {
namespace {

TEST_CASE("synaptic lif layer: current, membrane, spike and reset are the formulas'") {
    double const synapse_tau = 4, tau = 2.5, threshold = 0.7;
    SynapticLif<3, Arctan, double> layer{
        .synapse = {.first_tau = synapse_tau, .decay_input = false},
        .neuron = {.options = {.tau = tau,
                               .threshold = threshold,
                               .reset = Reset::soft,
                               .decay_input = false}},
    };
    Rng rng(1);
    init(layer, rng);
    auto const input = random_tensor<double>(Extents<dyn, dyn, dyn>(2, 20, 3), 1);
    Forward<Serial<>, double> forward;
    auto const s = values_of(to_numbers(layer(forward.begin(input.view()))));
    bool same = true;
    double fired = 0;
    for (index b = 0; b < 2; ++b) {
        for (index c = 0; c < 3; ++c) {
            double current = 0, v = 0;
            for (index t = 0; t < 20; ++t) {
                auto const i = static_cast<std::size_t>((b * 20 + t) * 3 + c);
                current += input.span()[i] - current / synapse_tau;
                v += current - v / tau;
                double const spike = v >= threshold ? 1 : 0;
                v -= spike * threshold;
                same = same && s[i] == spike;
                fired += spike;
            }
        }
    }
    CHECK(same);
    CHECK(fired > 20);
}

TEST_CASE("synaptic lif layer: is an integrator and a neuron, with names of their own") {
    SynapticLif<65, Triangle> layer{.neuron = {.options = {.threshold = 0.5}, .surrogate = {0.7}}};
    Rng rng(1);
    init(layer, rng);
    allocate(layer, true);
    std::vector<std::string> names;
    each_parameter(layer, [&](std::string_view name, auto const&) { names.emplace_back(name); });
    CHECK(names == std::vector<std::string>{"synapse.decay", "neuron.decay", "neuron.threshold"});
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 65), 1);
    Tape tape;
    auto const x = tape.begin(input.view());
    tape.backward(to_numbers(layer(x)));
    each_parameter(layer, [&](std::string_view name, auto const& p) {
        CAPTURE(name);
        CHECK(std::ranges::any_of(std::span(p.gradient(), 65), [](float g) { return g != 0; }));
    });
}

TEST_CASE("synaptic lif layer: what is assigned later counts, and is checked") {
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 3), 1);
    auto const run = [&](auto& layer) {
        Rng rng(1);
        init(layer, rng);
        Forward forward;
        return values_of(to_numbers(layer(forward.begin(input.view()))));
    };
    SynapticLif<dyn> at_once{
        .synapse = {.channels{3}, .first_tau = 4, .decay_input = false},
        .neuron = {.channels{3}, .options = {.threshold = 0.3, .reset = Reset::soft}}};
    SynapticLif<dyn> later{.synapse = {.channels{3}, .decay_input = false},
                           .neuron = {.channels{3}}};
    auto const before = run(later);
    later.synapse.first_tau = 4;
    later.neuron.options = {.threshold = 0.3, .reset = Reset::soft};
    CHECK(run(later) == run(at_once));
    CHECK(run(later) != before);
    later.neuron.options.tau = 0.5;
    CHECK_THROWS_WITH_AS(run(later), "parametric_lif: tau must be at least 1 step, or infinity",
                         Error);
}

TEST_CASE("synaptic lif layer: refuses a current whose input decays") {
    SynapticLif<3> const layer{.synapse = {.first_tau = 4}};
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(2, 7, 3), 1);
    Forward forward;
    CHECK_THROWS_WITH_AS(
        layer(forward.begin(input.view())),
        "synaptic_lif: synapse.decay_input must be false: inputs raise the current", Error);
}

TEST_CASE("synaptic lif layer: has the same bits in every way to read a text") {
    auto const model = neuron_lm<SynapticLif<70>>(1);
    CHECK(odd_way(model, random_tokens(3, 20, 11)) == "");
    static_assert(footprint<NeuronLm<SynapticLif<70>>>().state == 2 * 70);
}

}  // namespace
}  // namespace spikelet::test::synaptic_lif_test
