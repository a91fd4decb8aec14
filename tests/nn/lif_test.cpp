// SPDX-License-Identifier: MIT
#include <spikelet/nn/lif.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/values.hpp>

namespace spikelet::test::lif_test {
namespace {

constexpr Extents<dyn, dyn, dyn> shape(2, 7, 65);
constexpr LifOptions options{.tau = 3.0, .threshold = 0.3};

/// Spikes of f(x), and the gradient of x when each spike has gradient one.
template <class F>
std::pair<std::vector<word>, std::vector<float>> fire(F const& f) {
    auto const input = random_tensor<float>(shape, 1);
    Tape tape;
    auto const x = tape.begin(input.view());
    auto const s = f(x);
    auto const words = words_of(s);
    tape.backward(to_numbers(s));
    return {words, gradient_of(x)};
}

TEST_CASE("lif layer: is the op with its options and surrogate") {
    CHECK(fire(Lif<Triangle>{options, {2.0}}) ==
          fire([](auto x) { return lif(x, options, Triangle{2.0}).spikes; }));
    CHECK(fire(Heaviside<>{0.2}) == fire([](auto x) { return heaviside(x, 0.2).spikes; }));
}

TEST_CASE("lif layer: a lambda that remembers something is a surrogate") {
    double const slope = 7;
    auto const mine = [slope](auto const& above) { return FastSigmoid{slope}(above); };
    CHECK(fire(Lif<decltype(mine)>{options, mine}) == fire(Lif<FastSigmoid>{options, {slope}}));
    CHECK(fire(Lif<decltype(mine)>{options, mine}) != fire(Lif<FastSigmoid>{options, {slope + 1}}));
    CHECK(fire(Heaviside<decltype(mine)>{0.2, mine}) == fire(Heaviside<FastSigmoid>{0.2, {slope}}));
}

TEST_CASE("spiking layers: refuse constants that make no sense") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    auto const input = random_tensor<float>(shape, 1);
    Tape tape;
    auto const x = tape.begin(input.view());
    for (double const tau : {0.0, 0.5, -1.0, nan, -infinity}) {
        CAPTURE(tau);
        CHECK_THROWS_WITH_AS(Lif<>{{.tau = tau}}(x),
                             "lif: tau must be at least 1 step, or infinity", Error);
        CHECK_THROWS_AS((SpikingNode<>{Node::lif, {.tau = tau}}(x)), Error);
    }
    for (double const bad : {nan, infinity, -infinity}) {
        CHECK_THROWS_WITH_AS(Lif<>{{.threshold = bad}}(x),
                             "lif: the threshold must be a finite number", Error);
        CHECK_THROWS_WITH_AS(Lif<>{{.reset_value = bad}}(x),
                             "lif: the reset value must be a finite number", Error);
    }
    for (double const tau : {1.0, 1.5, 1e300}) { CHECK_NOTHROW(Lif<>{{.tau = tau}}(x)); }
    CHECK_NOTHROW(Lif<>{{.tau = infinity, .decay_input = false}}(x));
    CHECK_THROWS_WITH_AS(
        Lif<>{{.tau = infinity}}(x),
        "lif: with an infinite tau, decay_input must be false: it divides the input by tau", Error);
    CHECK_THROWS_AS((SpikingNode<>{Node::lif, {.tau = infinity}}(x)), Error);
    CHECK_THROWS_WITH_AS(SpikingNode<>{Node::none}(x),
                         "node: there is none, and numbers are no spikes", Error);
}

TEST_CASE("lif layer: with an infinite tau and undamped input it adds up what it is given") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Tensor<float, dyn, dyn, dyn> quarters{1, 8, 3};
    quarters.fill(0.25F);
    Tape tape;
    auto const x = tape.begin(std::as_const(quarters).view());
    auto const s = values_of(to_numbers(Lif<>{{.tau = infinity, .decay_input = false}}(x)));
    for (std::size_t i = 0; i < 24; ++i) { CHECK(s[i] == (i / 3 % 4 == 3 ? 1 : 0)); }
}

TEST_CASE("spiking node: its kind is a value") {
    SpikingNode<> node{Node::lif, options, Arctan{3.0}};
    CHECK(fire(node) == fire([](auto x) { return lif(x, options, Arctan{3.0}).spikes; }));
    node.kind = Node::heaviside;
    CHECK(fire(node) == fire([](auto x) { return heaviside(x, 0.0, Arctan{3.0}).spikes; }));
}

struct Model {
    Lif<> neuron{options, {}};
    Heaviside<> step{0.2, {}};
    SPIKELET_PARTS(neuron, step)
};

TEST_CASE("spiking layers: show charge and spikes under their own name") {
    Model const model;
    Recorder recorder(model);
    auto const input = random_tensor<float>(shape, 1);
    Tape tape;
    tape.observe(&recorder);
    auto const x = tape.begin(input.view());
    auto const s = model.neuron(x);
    (void)model.step(x);
    CHECK(recorder.seen.size() == 4);
    CHECK(recorder.seen["neuron.s"] == values_of(to_numbers(s)));
    auto const& charge = recorder.seen["neuron.h"];
    auto const& spikes = recorder.seen["neuron.s"];
    REQUIRE(charge.size() == spikes.size());
    bool right = true;
    for (std::size_t i = 0; i < charge.size(); ++i) {
        right = right && (charge[i] >= 0.3F) == (spikes[i] == 1);
    }
    CHECK(right);
    CHECK(recorder.seen["step.h"] == values_of(x));
    CHECK(recorder.seen.count("step.s") == 1);
}

}  // namespace
}  // namespace spikelet::test::lif_test
