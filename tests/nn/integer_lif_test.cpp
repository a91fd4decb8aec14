// SPDX-License-Identifier: MIT
#include <spikelet/nn/integer_lif.hpp>

#include <numeric>

#include <doctest/doctest.h>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/event_node.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/every_way.hpp>
#include <support/neuron_lm.hpp>
#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test::integer_lif_test {
namespace {

constexpr Extents<dyn, dyn, dyn> shape(2, 7, 65);

template <class L>
void start(L& layer) {
    Rng rng(1);
    init(layer, rng);
}

TEST_CASE("integer lif layer: is the op with its weights, levels and surrogate") {
    IntegerLif<65, signed_graded<3>, Triangle> layer{.most = 2, .surrogate = {2.0}};
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
        for (auto const* p : {&layer.leak, &layer.threshold}) {
            numbers.insert(numbers.end(), p->gradient(), p->gradient() + 65);
        }
        return numbers;
    };
    CHECK(run(layer) == run([&](auto x) {
              return integer_lif<signed_graded<3>>(x, layer.leak, layer.threshold, 2, 0,
                                                   Triangle{2.0})
                  .spikes;
          }));
}

TEST_CASE("integer lif layer: starts with equal thresholds and leaks") {
    IntegerLif<3> seven;
    IntegerLif<3, trit> one{.first_threshold = 0.75, .first_leak = 0.5};
    IntegerLif<3, graded<2>> three;
    start(seven);
    start(one);
    start(three);
    for (std::size_t c = 0; c < 3; ++c) {
        CHECK(seven.threshold.span()[c] == doctest::Approx(0.28));
        CHECK(seven.leak.span()[c] == 0.25F);
        CHECK(one.threshold.span()[c] == 0.75F);
        CHECK(one.leak.span()[c] == 0.5F);
        CHECK(three.threshold.span()[c] == 0.5F);
    }
}

TEST_CASE("integer lif layer: its weights have names, and sizes may be known at run time only") {
    IntegerLif<dyn, graded<2>, Arctan, double> layer{.channels{65}};
    std::vector<std::string> names;
    each_parameter(layer, [&](std::string_view name, auto const& p) {
        names.emplace_back(name);
        CHECK(p.size() == 65);
    });
    CHECK(names == std::vector<std::string>{"threshold", "leak"});
}

TEST_CASE("integer lif layer: has the same bits in every way to read a text") {
    auto const model = neuron_lm<IntegerLif<70>>(20);
    CHECK(odd_way(model, random_tokens(3, 20, 11)) == "");
    static_assert(footprint<NeuronLm<IntegerLif<70>>>().state == 70);
}

TEST_CASE("integer lif layer: shows charge and levels under its own name") {
    auto const model = neuron_lm<IntegerLif<70>>(20);
    Recorder recorder(model);
    Tape tape;
    tape.observe(&recorder);
    std::vector<std::int32_t> const ids{3, 1};
    auto const s = model.neuron(model.embed(tape.begin(Tokens{ids, 1, 2})));
    CHECK(recorder.seen["neuron.s"] == values_of(to_numbers(s)));
    CHECK(*std::ranges::max_element(recorder.seen["neuron.s"]) > 1);
    CHECK(recorder.seen["neuron.h"].size() == 140);
    // The first charge is the input.
    CHECK(std::equal(recorder.seen["neuron.h"].begin(), recorder.seen["neuron.h"].begin() + 70,
                     model.embed.weight.value() + 3 * 70));
}

TEST_CASE("integer lif layer: a Tape with a price counts what its outputs read") {
    IntegerLif<65> layer{.fan_out = 3};
    start(layer);
    auto const input = random_tensor<float>(shape, 1);
    Tape tape;
    tape.event_cost().set_price(1);
    auto const s = values_of(to_numbers(layer(tape.begin(input.view()))));
    double const levels = std::accumulate(s.begin(), s.end(), 0.0);
    CHECK(tape.event_cost().total() == doctest::Approx(3 * levels / 14));
    CHECK(event_synapses(layer) == 3 * 65);
}

TEST_CASE("integer lif layer: more levels than its spikes hold are an error") {
    IntegerLif<65, trit> layer{.most = 2};
    start(layer);
    auto const input = random_tensor<float>(shape, 1);
    Tape tape;
    CHECK_THROWS_WITH_AS(layer(tape.begin(input.view())),
                         "integer_lif: levels are 2, this kind of spike has 1 to 1", Error);
}

}  // namespace
}  // namespace spikelet::test::integer_lif_test
