// SPDX-License-Identifier: MIT
#include <spikelet/ops/integer_lif.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/reference_integer_lif.hpp>
#include <support/values.hpp>

namespace spikelet::test::integer_lif_test {
namespace {

constexpr index C = 67;

Extents<dyn, dyn, dyn> shape(index batch, index time) {
    return Extents<dyn, dyn, dyn>(batch, time, C);
}

/// Leaks and thresholds of C channels, and the op with them.
template <class S, class T, class Surrogate = Arctan>
struct Neurons {
    int most = EventLevels<S>::highest;
    index fan_out = 0;
    Surrogate surrogate{};
    BasicParameter<T, dyn> leak{C}, threshold{C};
    SPIKELET_PARTS(leak, threshold)

    auto operator()(auto x) const {
        return integer_lif<S>(x, leak, threshold, most, fan_out, surrogate);
    }
};

template <class S, class T, class Surrogate = Arctan>
Neurons<S, T, Surrogate> random_neurons(Surrogate surrogate = {}) {
    Neurons<S, T, Surrogate> neurons;
    neurons.surrogate = surrogate;
    fill_random(neurons.leak, 1);
    fill_random(neurons.threshold, 2);
    for (T& b : neurons.leak.span()) { b = T(0.9) / (T(1) + std::abs(b)); }
    for (T& h : neurons.threshold.span()) { h = T(0.2) + std::abs(h) / T(4); }
    return neurons;
}

/// One neuron's numbers over time.
std::vector<double> over_time(double const* x, index time, index b, index c) {
    std::vector<double> column;
    for (index t = 0; t < time; ++t) { column.push_back(x[(b * time + t) * C + c]); }
    return column;
}

TEST_CASE_TEMPLATE("integer_lif: gradients are those of one neuron per channel, of spikes and of "
                   "the charge",
                   S, bit, graded<3>, signed_graded<3>, trit) {
    index const time = 6;
    auto const input = random_tensor<double>(shape(2, time), 1);
    auto const factors = random_tensor<double>(shape(2, time), 2);
    for (bool const with_charge : {false, true}) {
        auto neurons = random_neurons<S, double>(SigmoidSurrogate{});
        Tape<Serial<>, double> tape;
        auto const x = tape.begin(input.view());
        auto const fired = neurons(x);
        auto const f = place(tape, factors);
        auto const read = f * to_numbers(fired.spikes);
        // d loss / d spike is f, d loss / d charge is 2.
        if (with_charge) {
            tape.backward(read + 2 * fired.charge);
        } else {
            tape.backward(read);
        }
        auto const slopes = gradient_of(x);
        std::vector<double> found, dx, dleak(C), dthreshold(C);
        for (index c = 0; c < C; ++c) {
            for (index b = 0; b < 2; ++b) {
                auto const i = static_cast<std::size_t>(c);
                auto const g = reference::gradient_of_neuron(
                    EventLevels<S>{}, SigmoidSurrogate{}, neurons.leak.value()[c],
                    neurons.threshold.value()[c], over_time(x.data, time, b, c),
                    over_time(f.data, time, b, c),
                    std::vector<double>(static_cast<std::size_t>(time), with_charge ? 2 : 0));
                dx.insert(dx.end(), g.dx.begin(), g.dx.end());
                auto const own = over_time(slopes.data(), time, b, c);
                found.insert(found.end(), own.begin(), own.end());
                dleak[i] += g.dleak;
                dthreshold[i] += g.dthreshold;
            }
        }
        CHECK(roundings(found, dx) < 2000);
        auto const learned = [](auto const& p) {
            return std::vector<double>{p.gradient(), p.gradient() + C};
        };
        CHECK(roundings(learned(neurons.leak), dleak) < 2000);
        CHECK(roundings(learned(neurons.threshold), dthreshold) < 2000);
    }
}

/// What is read from the charge of neurons.
template <class S>
struct Readout {
    Neurons<S, double, Boxcar> neurons = random_neurons<S, double>(Boxcar{1e6});
    SPIKELET_PARTS(neurons)

    auto operator()(auto x) const { return sigmoid(neurons(x).charge); }
};

TEST_CASE_TEMPLATE("integer_lif: between two levels the charge has the gradient of differences", S,
                   bit, graded<3>, signed_graded<3>) {
    // A box as narrow as this is zero almost everywhere, as the derivative of a level is.
    auto const report = gradcheck(Readout<S>{}, random_tensor<double>(shape(2, 5), 1));
    CHECK_MESSAGE(report.passed(), to_string(report));
    CHECK(report.checked == 2 * 5 * C + 2 * C);
}

TEST_CASE_TEMPLATE("integer_lif: streaming, split at every point, equals the whole sequence", S,
                   bit, graded<2>, graded<4>, signed_graded<3>, trit) {
    auto const neurons = random_neurons<S, float>();
    auto const x = random_tensor<float>(shape(2, 7), 1);
    CHECK(streams_exactly(x, [&](auto v) { return v + to_numbers(neurons(v).spikes); }));
}

TEST_CASE("integer_lif: fewer levels than the kind of spike holds") {
    auto neurons = random_neurons<graded<3>, float>();
    auto const input = random_tensor<float>(shape(2, 7), 1);
    for (int const most : {1, 3, 7}) {
        neurons.most = most;
        Tape tape;
        auto const s = values_of(to_numbers(neurons(tape.begin(input.view())).spikes));
        CHECK(*std::max_element(s.begin(), s.end()) == static_cast<float>(most));
    }
    for (int const wrong : {0, 8}) {
        neurons.most = wrong;
        Tape tape;
        CHECK_THROWS_AS((void)neurons(tape.begin(input.view())), Error);
    }
}

TEST_CASE("integer_lif: one level of one threshold is a lif with a soft reset") {
    Neurons<bit, float> neurons;
    neurons.leak.allocate();
    neurons.threshold.allocate();
    std::ranges::fill(neurons.leak.span(), 0.5F);
    std::ranges::fill(neurons.threshold.span(), 1.0F);
    LifOptions const options{
        .tau = 2.0, .reset = Reset::soft, .decay_input = false, .detach_reset = true};
    auto const input = random_tensor<float>(shape(2, 9), 1);
    auto const run = [&](auto const& node) {
        Tape tape;
        auto const x = tape.begin(input.view());
        auto const s = node(x).spikes;
        auto const words = words_of(s);
        tape.backward(to_numbers(s));
        return std::pair{words, gradient_of(x)};
    };
    auto const [spikes, dx] = run(neurons);
    auto const [expected, gradient] = run([&](auto x) { return lif(x, options); });
    CHECK(spikes == expected);
    CHECK(roundings(dx, as_double(gradient)) < 16);
}

TEST_CASE_TEMPLATE("integer_lif: events that have a price add to the gradient of their level", S,
                   graded<3>, signed_graded<3>) {
    index const time = 6;
    auto const input = random_tensor<double>(shape(2, time), 1);
    auto neurons = random_neurons<S, double>();
    neurons.fan_out = 5;
    auto const run = [&](double price, double factor) {
        zero_gradients(neurons);
        Tape<Serial<>, double> tape;
        tape.event_cost().set_price(price);
        auto const x = tape.begin(input.view());
        auto const numbers = to_numbers(neurons(x).spikes);
        double levels = 0;
        std::vector<double> ds;
        for (double const s : values_of(numbers)) {
            levels += std::abs(s);
            ds.push_back(s > 0 ? factor : s < 0 ? -factor : 0);
        }
        if (price != 0) {
            CHECK(tape.event_cost().total() == doctest::Approx(levels * 5 / (2 * time)));
        }
        tape.backward(numbers, View<double const, dyn>(ds.data(), Extents<dyn>(input.size())));
        auto gradients = gradient_of(x);
        for (auto const* p : {&neurons.leak, &neurons.threshold}) {
            gradients.insert(gradients.end(), p->gradient(), p->gradient() + C);
        }
        return gradients;
    };
    // A price of 0.6 for 5 outputs, in a pass of 12 tokens.
    CHECK(roundings(run(0.6, 0.5), run(0, 0.5 + 0.25)) < 200);
}

TEST_CASE("integer_lif: weights that are not trained have no gradient") {
    auto neurons = random_neurons<graded<3>, float>();
    neurons.leak.freeze();
    auto const input = random_tensor<float>(shape(2, 3), 1);
    Tape tape;
    auto const x = tape.begin(input.view());
    tape.backward(to_numbers(neurons(x).spikes));
    CHECK(neurons.leak.gradient() == nullptr);
    CHECK(std::ranges::any_of(std::span(neurons.threshold.gradient(), C),
                              [](float g) { return g != 0; }));
}

TEST_CASE("integer_lif: the charge is there where a gradient needs it") {
    auto const neurons = random_neurons<graded<3>, float>();
    auto const input = random_tensor<float>(shape(1, 2), 1);
    Tape tape;
    auto const charge = neurons(tape.begin(input.view())).charge;
    CHECK(charge.data != nullptr);
    CHECK(charge.gradient != nullptr);
    Forward forward;
    CHECK(neurons(forward.begin(input.view())).charge.data == nullptr);
}

TEST_CASE("integer_lif: run-time sizes that do not fit are an error") {
    auto const neurons = random_neurons<graded<3>, float>();
    Tape tape;
    tape.begin();
    auto const four = tape.make<float>(Extents<dyn, dyn, dyn>(1, 2, 4));
    CHECK_THROWS_WITH_AS((void)neurons(four),
                         "integer_lif: x is [1, 2, 4], the parameters expect 67 channels", Error);
}

}  // namespace
}  // namespace spikelet::test::integer_lif_test
