// SPDX-License-Identifier: MIT
#include <spikelet/ops/lif.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/reference_lif.hpp>
#include <support/values.hpp>

namespace spikelet::test::lif_test {
namespace {

constexpr LifOptions options{.tau = 2.0, .threshold = 0.4};
constexpr index C = 67;

Extents<dyn, dyn, dyn> shape(index batch, index time) {
    return Extents<dyn, dyn, dyn>(batch, time, C);
}

/// One neuron's numbers over time.
std::vector<double> over_time(double const* x, index time, index b, index c) {
    std::vector<double> column;
    for (index t = 0; t < time; ++t) { column.push_back(x[(b * time + t) * C + c]); }
    return column;
}

TEST_CASE("lif: spikes and gradient are those of one neuron per channel") {
    index const time = 9;
    auto const input = random_tensor<double>(shape(2, time), 1);
    auto const dy = random_numbers<double>(input.size(), 2);
    Tape<Serial<>, double> tape;
    auto const x = tape.begin(input.view());
    auto const [spikes, charge] = lif(x, options, SigmoidSurrogate{});
    auto const numbers = to_numbers(spikes);
    tape.backward(numbers, View<double const, dyn>(dy.data(), Extents<dyn>(input.size())));
    double worst = 0;
    for (index b = 0; b < 2; ++b) {
        for (index c = 0; c < C; ++c) {
            auto const neuron =
                reference::integrate_and_fire(options, 0, over_time(x.data, time, b, c));
            auto const s = over_time(numbers.data, time, b, c);
            CHECK(std::equal(s.begin(), s.end(), neuron.spikes.begin()));
            auto const dx = reference::back_through_time(
                options, [](double v) { return reference::slope_of(SigmoidSurrogate{}, v); },
                neuron.charge, over_time(dy.data(), time, b, c));
            worst = std::max(worst, roundings(over_time(x.gradient.numbers(), time, b, c), dx));
            worst = std::max(worst, roundings(over_time(charge.data, time, b, c), neuron.charge));
        }
    }
    CHECK(worst < 100);
}

TEST_CASE_TEMPLATE("lif: streaming, split at every point, equals the whole sequence", T, float,
                   double) {
    for (Reset const reset : {Reset::hard, Reset::soft, Reset::none}) {
        LifOptions const o{.threshold = 0.4, .reset = reset, .reset_value = -0.2};
        auto const x = random_tensor<T>(shape(2, 7), 1);
        CHECK(streams_exactly(x, [&](auto v) { return v + lif(v, o).spikes; }));
    }
}

TEST_CASE("lif: the charge is there where a gradient needs it, or an observer") {
    auto const input = random_tensor<float>(shape(1, 2), 1);
    Tape tape;
    auto const charge = lif(tape.begin(input.view())).charge;
    CHECK(charge.data != nullptr);
    CHECK(charge.gradient != nullptr);
    Forward forward;
    CHECK(lif(forward.begin(input.view())).charge.data == nullptr);
}

TEST_CASE("lif: below the threshold the charge is a leaky sum with the gradient of one") {
    auto const input = random_tensor<double>(shape(2, 5), 1);
    LifOptions const o{.tau = 3, .threshold = 1e3};
    // A box is zero this far from the threshold, so differences see all there is.
    CHECK(gradcheck([&](auto x) { return sigmoid(lif(x, o, Boxcar{}).charge); }, input).passed());
}

TEST_CASE("lif: the gradient of the charge joins that of the spikes") {
    index const time = 9;
    auto const input = random_tensor<double>(shape(2, time), 1);
    auto const factor = random_tensor<double>(shape(2, time), 2);
    auto const slope = [](double v) { return reference::slope_of(Arctan{}, v); };
    for (bool const with_spikes : {false, true}) {
        for (Reset const reset : {Reset::hard, Reset::soft, Reset::none}) {
            LifOptions const o{.threshold = 0.3, .reset = reset, .reset_value = -0.1};
            Tape<Serial<>, double> tape;
            auto const x = tape.begin(input.view());
            auto const fired = lif(x, o);
            auto const f = place(tape, factor);
            auto const readout = fired.charge * f;
            // d loss / d spike is 1 or 0, d loss / d charge is f.
            auto const loss = with_spikes ? readout + fired.spikes : readout + 0 * fired.spikes;
            tape.backward(loss);
            double worst = 0;
            for (index b = 0; b < 2; ++b) {
                for (index c = 0; c < C; ++c) {
                    auto const h = over_time(fired.charge.data, time, b, c);
                    // A change of the charge acts like a change of the spike divided by its slope.
                    auto ds = over_time(f.data, time, b, c);
                    for (std::size_t t = 0; t < ds.size(); ++t) {
                        ds[t] = ds[t] / slope(h[t] - o.threshold) + (with_spikes ? 1 : 0);
                    }
                    auto const dx = reference::back_through_time(o, slope, h, ds);
                    worst =
                        std::max(worst, roundings(over_time(x.gradient.numbers(), time, b, c), dx));
                }
            }
            CHECK(worst < 100);
        }
    }
}

TEST_CASE("heaviside: spikes and gradient are those of the step and its surrogate") {
    auto const input = random_tensor<double>(shape(2, 3), 1);
    auto const dy = random_numbers<double>(input.size(), 2);
    Tape<Serial<>, double> tape;
    auto const x = tape.begin(input.view());
    auto const [spikes, charge] = heaviside(x, 0.3, Triangle{});
    auto const numbers = to_numbers(spikes);
    tape.backward(numbers, View<double const, dyn>(dy.data(), Extents<dyn>(input.size())));
    CHECK(charge.data == x.data);
    std::vector<double> expected;
    bool right = true;
    for (index i = 0; i < input.size(); ++i) {
        double const above = x.data[i] - 0.3;
        right = right && numbers.data[i] == (above >= 0 ? 1 : 0);
        expected.push_back(reference::slope_of(Triangle{}, above) *
                           dy[static_cast<std::size_t>(i)]);
    }
    CHECK(right);
    CHECK(roundings(gradient_of(x), expected) < 16);
}

TEST_CASE("lif: refuses constants that make no sense") {
    Tensor<float, 1, 2, 3> const input;
    Tape tape;
    auto const x = tape.begin(input.view());
    CHECK_THROWS_WITH_AS(lif(x, {.tau = 0.5}), "lif: tau must be at least 1 step, or infinity",
                         Error);
    CHECK_THROWS_AS(lif(x, {.tau = HUGE_VAL}), Error);
}

TEST_CASE("heaviside: any rank, and zero fires") {
    Tensor<float, 3> input;
    input(1) = -1;
    Tape tape;
    auto const s = heaviside(tape.begin(std::as_const(input).view())).spikes;
    CHECK(words_of(s) == std::vector<word>{5});
}

}  // namespace
}  // namespace spikelet::test::lif_test
