// SPDX-License-Identifier: MIT
#include <spikelet/nn/parametric_lif.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/session.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/elementwise.hpp>

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

/// Tokens to spikes to logits; the neurons have one time constant.
struct Model {
    Embedding<11, 70> embed;
    ParametricLif<1> neuron;
    Linear<70, 9> head;
    SPIKELET_PARTS(embed, neuron, head)

    constexpr auto operator()(auto ids) const { return head(neuron(embed(ids))); }
};

TEST_CASE("parametric lif layer: a session streams it, and has the bits of the whole sequence") {
    Model model;
    start(model);
    for (float& w : model.embed.weight.span()) { w *= 2; }
    std::vector<std::int32_t> const ids{3, 1, 4, 1, 5, 9, 2, 6};
    Forward forward;
    auto const whole = model(forward.begin(Tokens{ids, 1, 8}));
    Session session(model);
    static_assert(footprint<Model>().state == 70);
    bool alive = false;
    for (std::size_t t = 0; t < ids.size(); ++t) {
        auto const logits = session(ids[t]);
        CHECK(std::equal(logits.begin(), logits.end(), whole.data + t * 9));
        alive = alive || logits[0] != 0;
    }
    CHECK(alive);
}

TEST_CASE("parametric lif layer: its weights have names, and it shows charge and spikes") {
    Model model;
    start(model);
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
