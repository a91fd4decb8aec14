// SPDX-License-Identifier: MIT
#include <spikelet/nn/parametric_lif.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/every_way.hpp>
#include <support/neuron_lm.hpp>
#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test::parametric_lif_test {
namespace {

constexpr Extents<dyn, dyn, dyn> shape(2, 7, 65);

template <class L>
void start(L& layer) {
    Rng rng(1);
    init(layer, rng);
}

TEST_CASE("parametric lif layer: is the op with its parameters, options and surrogate") {
    LifOptions const o{.threshold = 0.3, .reset = Reset::soft};
    ParametricLif<65, Triangle> layer{.options = o, .surrogate = {2.0}};
    start(layer);
    allocate(layer, true);
    auto const input = random_tensor<float>(shape, 1);
    auto const run = [&](auto const& f) {
        zero_gradients(layer);
        Tape tape;
        auto const x = tape.begin(input.view());
        auto const y = to_numbers(f(x));
        auto numbers = values_of(y);
        tape.backward(y);
        auto const dx = gradient_of(x);
        numbers.insert(numbers.end(), dx.begin(), dx.end());
        for (auto const* p : {&layer.decay, &layer.threshold}) {
            numbers.insert(numbers.end(), p->gradient(), p->gradient() + 65);
        }
        return numbers;
    };
    CHECK(run(layer) == run([&](auto x) {
              return parametric_lif(x, layer.decay, layer.threshold, o, Triangle{2.0}).spikes;
          }));
}

TEST_CASE("parametric lif layer: starts as a lif with its options") {
    for (double const tau : {1.5, 2.0, 10.0}) {
        ParametricLif<1> layer{.options = {.tau = tau, .threshold = 0.3}};
        start(layer);
        CHECK(1 / (1 + std::exp(-layer.decay.span()[0])) == doctest::Approx(1 / tau));
        CHECK(layer.threshold.span()[0] == 0.3F);
    }
    ParametricLif<dyn> layer{.channels{3}};
    start(layer);
    CHECK(layer.decay.span().size() == 3);
    CHECK(layer.decay.span()[2] == 0);
}

TEST_CASE("parametric lif layer: refuses options that make no sense") {
    ParametricLif<1> layer{.options = {.tau = 0.5}};
    start(layer);
    auto const input = random_tensor<float>(shape, 1);
    Tape tape;
    CHECK_THROWS_WITH_AS(layer(tape.begin(input.view())),
                         "parametric_lif: tau must be at least 1 step, or infinity", Error);
}

TEST_CASE("parametric lif layer: has the same bits in every way to read a text") {
    auto const model = neuron_lm<ParametricLif<1>>(2);
    CHECK(odd_way(model, random_tokens(3, 20, 11)) == "");
    static_assert(footprint<NeuronLm<ParametricLif<1>>>().state == 70);
}

TEST_CASE("parametric lif layer: its weights have names, and it shows charge and spikes") {
    auto const model = neuron_lm<ParametricLif<1>>(2);
    std::vector<std::string> names;
    each_parameter(model, [&](std::string_view name, auto const&) { names.emplace_back(name); });
    CHECK(names == std::vector<std::string>{"embed.weight", "neuron.decay", "neuron.threshold",
                                            "head.weight"});
    Recorder recorder(model);
    Tape tape;
    tape.observe(&recorder);
    std::vector<std::int32_t> const ids{3, 1};
    auto const s = model.neuron(model.embed(tape.begin(Tokens{ids, 1, 2})));
    CHECK(recorder.seen["neuron.s"] == values_of(to_numbers(s)));
    CHECK(recorder.seen["neuron.h"].size() == 140);
}

}  // namespace
}  // namespace spikelet::test::parametric_lif_test
