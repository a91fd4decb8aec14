// SPDX-License-Identifier: MIT
#include <spikelet/ops/event_node.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/reference_events.hpp>
#include <support/values.hpp>

namespace spikelet::test::event_node_test {
namespace {

constexpr index C = 67;
using Context = Tape<Serial<>, double>;

template <class T>
BasicParameter<T, dyn> some_thresholds() {
    BasicParameter<T, dyn> threshold{C};
    fill_random(threshold, 7);
    for (T& th : threshold.span()) { th = T(0.3) + std::abs(th) / 4; }
    return threshold;
}

Extents<dyn, dyn, dyn> shape(index batch, index time) {
    return Extents<dyn, dyn, dyn>(batch, time, C);
}

/// Levels of x, one by one.
template <class S>
std::vector<double> levels_of(Tensor<double, dyn, dyn, dyn> const& x,
                              BasicParameter<double, dyn> const& threshold, EventLevels<S> levels) {
    std::vector<double> result;
    for (std::size_t i = 0; i < x.span().size(); ++i) {
        double const th = reference::counted(threshold.span()[i % C]);
        result.push_back(reference::level_at(x.span()[i] / th, levels));
    }
    return result;
}

TEST_CASE_TEMPLATE("event_node: gives the levels of x in units of thresholds, up to the most", S,
                   bit, graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    auto const x = random_tensor<double>(shape(2, 3), 1);
    auto const threshold = some_thresholds<double>();
    for (int most = 1; most <= EventLevels<S>::highest; ++most) {
        CAPTURE(most);
        Context tape;
        auto const fired = event_node<S>(tape.begin(x.view()), threshold, most);
        CHECK(fired.spikes.extents == shape(2, 3));
        CHECK(values_of(to_numbers(fired.spikes)) ==
              levels_of<S>(x, threshold, EventLevels<S>{most}));
    }
    Context tape;
    auto const all = event_node<S>(tape.begin(x.view()), threshold).spikes;
    CHECK(values_of(to_numbers(all)) == levels_of<S>(x, threshold, {}));
}

/// Gradients by differences of sum(dy level), a step of a level as smooth as that of the arctan.
template <class S>
void check_against_smooth_levels() {
    auto const input = random_tensor<double>(shape(2, 2), 1);
    auto threshold = some_thresholds<double>();
    threshold.value()[3] = 1e-4;  // has no gradient, its input has
    auto const dy = random_numbers<double>(input.size(), 2);
    Context tape;
    auto const x = tape.begin(input.view());
    auto const s = event_node<S>(x, threshold).spikes;
    tape.backward(s, View<double const, dyn>(dy.data(), Extents<dyn>(input.size())));

    std::vector<double> numbers(input.span().begin(), input.span().end());
    std::vector<double> thresholds(threshold.span().begin(), threshold.span().end());
    auto const loss = [&] {
        double sum = 0;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            double const th = reference::counted(thresholds[i % C]);
            sum += dy[i] * reference::smooth_level<S>(numbers[i] / th, {});
        }
        return sum;
    };
    auto const dx = slopes(loss, numbers.data(), input.size(), 1e-7);
    auto const dthreshold = slopes(loss, thresholds.data(), C, 1e-7);
    double const tolerance = 1e-6 / std::numeric_limits<double>::epsilon();
    CHECK(roundings(gradient_of(x), dx) < tolerance);
    CHECK(roundings(std::vector<double>(threshold.gradient(), threshold.gradient() + C),
                    dthreshold) < tolerance);
    CHECK(threshold.gradient()[3] == 0);
}

TEST_CASE_TEMPLATE("event_node: the gradient is that of a sum of arctans, one for each threshold",
                   S, bit, graded<3>, graded<4>, signed_graded<3>, trit) {
    check_against_smooth_levels<S>();
}

TEST_CASE("event_node: any surrogate serves") {
    auto const input = random_tensor<double>(shape(1, 2), 1);
    auto const threshold = some_thresholds<double>();
    auto const dy = random_numbers<double>(input.size(), 2);
    Context tape;
    auto const x = tape.begin(input.view());
    auto const fired = event_node<trit>(x, threshold, 1, 0, Triangle{2.0});
    tape.backward(fired.spikes, View<double const, dyn>(dy.data(), Extents<dyn>(input.size())));
    auto const g =
        reference::back_through_node(EventLevels<trit>{}, Triangle{2.0}, values_of(fired.charge),
                                     {threshold.span().begin(), threshold.span().end()}, dy, 0);
    CHECK(roundings(gradient_of(x), g.dx) < 64);
}

TEST_CASE_TEMPLATE("event_node: streaming, split at every point, equals the whole sequence", T,
                   float, double) {
    auto const threshold = some_thresholds<T>();
    CHECK(streams_exactly(random_tensor<T>(shape(2, 7), 1), [&](auto x) {
        return x + event_node<signed_graded<3>>(x, threshold).spikes;
    }));
}

TEST_CASE(
    "event_node: x in units of thresholds is there where a gradient needs it, or an observer") {
    auto const input = random_tensor<float>(shape(1, 2), 1);
    auto const threshold = some_thresholds<float>();
    Tape tape;
    auto const x = tape.begin(input.view());
    auto const u = event_node<graded<3>>(x, threshold).charge;
    CHECK(u.extents == x.extents);
    CHECK(u.data[C + 5] == x.data[C + 5] / threshold.span()[5]);
    CHECK(u.gradient == nullptr);
    Forward forward;
    CHECK(event_node<graded<3>>(forward.begin(input.view()), threshold).charge.data == nullptr);
}

TEST_CASE("event_node: frozen thresholds let the gradient through") {
    auto const input = random_tensor<float>(shape(1, 2), 1);
    auto threshold = some_thresholds<float>();
    Tape tape;
    auto const gradient = [&] {
        auto const x = tape.begin(input.view());
        tape.backward(to_numbers(event_node<graded<3>>(x, threshold).spikes));
        return gradient_of(x);
    };
    auto const trained = gradient();
    threshold.freeze();
    CHECK(same_bits(gradient(), trained));
}

TEST_CASE("event_node: a value that others read, too, adds up its gradients") {
    auto const input = random_tensor<double>(shape(1, 2), 1);
    auto const threshold = some_thresholds<double>();
    Context tape;
    auto const x = tape.begin(input.view());
    tape.backward(to_numbers(event_node<graded<3>>(x, threshold).spikes));
    auto expected = gradient_of(x);
    for (double& g : expected) { g += 1; }
    auto const y = tape.begin(input.view());
    tape.backward(y + event_node<graded<3>>(y, threshold).spikes);
    CHECK(roundings(gradient_of(y), expected) < 4);
}

TEST_CASE("event_node: takes any rank") {
    Tensor<float, 3> input;
    input(0) = 0.5F;
    input(1) = 1.1F;
    input(2) = -9;
    Parameter<3> threshold;
    fill_random(threshold, 1);
    threshold.span()[0] = threshold.span()[1] = threshold.span()[2] = 0.25F;
    Forward forward;
    auto const s = event_node<graded<3>>(forward.begin(std::as_const(input).view()), threshold);
    CHECK(values_of(to_numbers(s.spikes)) == std::vector<float>{2, 4, 0});
}

TEST_CASE("event_node: sizes that do not fit, and levels that a kind does not have, are an error") {
    auto const threshold = some_thresholds<float>();
    auto const narrow = random_tensor<float>(Extents<dyn, dyn>(2, 66), 1);
    auto const input = random_tensor<float>(shape(1, 2), 1);
    Tape tape;
    CHECK_THROWS_WITH_AS((void)event_node<bit>(tape.begin(narrow.view()), threshold),
                         "event_node: x is [2, 66], the parameters expect 67 channels", Error);
    auto const x = tape.begin(input.view());
    CHECK_THROWS_WITH_AS((void)event_node<graded<2>>(x, threshold, 4),
                         "event_node: levels are 4, this kind of spike has 1 to 3", Error);
    CHECK_THROWS_AS((void)event_node<trit>(x, threshold, 0), Error);
}

}  // namespace
}  // namespace spikelet::test::event_node_test
