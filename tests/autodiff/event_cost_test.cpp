// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/event_cost.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/cross_entropy.hpp>
#include <spikelet/ops/event_node.hpp>
#include <spikelet/ops/threshold_relu2.hpp>

#include <support/event_lm.hpp>
#include <support/numbers.hpp>
#include <support/reference_events.hpp>
#include <support/values.hpp>

namespace spikelet::test::event_cost_test {
namespace {

using Context = Tape<Serial<>, double>;

TEST_CASE("event cost: a price that is no price is refused") {
    EventCost<float> cost;
    constexpr char const* message =
        "event cost: a price must be a finite number, at least 0; has every event node its "
        "fan_out?";
    EventNode<4> const read_by_nobody;
    for (double const price :
         {0.0 / event_synapses(read_by_nobody), 0.2 / event_synapses(read_by_nobody), -0.5}) {
        CHECK_THROWS_WITH_AS(cost.set_price(price), message, Error);
    }
    cost.start_pass();
    CHECK_FALSE(cost.has_price());
    CHECK_NOTHROW(cost.set_price(0));
}
using Numbers = std::vector<double>;

TEST_CASE("event cost: is a mean over rows of levels times what they feed") {
    EventCost<double> cost;
    CHECK_FALSE(cost.has_price());
    CHECK(cost.of_a_level(3, 4) == 0);
    cost.set_price(0.5);
    CHECK_FALSE(cost.has_price());  // of this pass
    CHECK(cost.of_a_level(3, 4) == 0);
    cost.start_pass();
    CHECK(cost.has_price());
    cost.add(10, 3, 4);
    cost.add(2, 1, 1);
    CHECK(cost.total() == 9.5);
    CHECK(cost.of_a_level(3, 4) == 0.375);
    cost.set_seed(2);
    CHECK(cost.of_a_level(3, 4) == 0.75);
    CHECK(cost.total() == 9.5);
    cost.start_pass();
    CHECK(cost.total() == 0);
    CHECK(cost.has_price());
    cost.add(10, 3, 0);  // nothing was read
    CHECK(cost.total() == 0);
    CHECK(cost.of_a_level(3, 0) == 0);
}

TEST_CASE("event cost: only a context that differentiates asks for it") {
    Forward forward;
    CHECK(cost_of_a_level(forward, 3, 4) == 0);
    Tape tape;
    tape.event_cost().set_price(2);
    CHECK(cost_of_a_level(tape, 3, 4) == 0);
    tape.begin();
    CHECK(cost_of_a_level(tape, 3, 4) == 1.5F);
}

/// What a step of training leaves: all gradients, and the cost.
template <class T>
struct Step {
    std::vector<T> gradients;
    double cost;
};

struct Settings {
    double price = 0;
    double seed = 1;
    TapeOptions tape{};
    int threads = 1;
};

template <class T, index C>
Step<T> train_once(EventLm<T, C>& model, Settings const& s, index batch = 3) {
    auto const tokens = random_tokens(batch, 12, 11, 1);
    auto const targets = random_tokens(batch, 12, 11, 2);
    Tape<OpenMp<>, T> tape(OpenMp<>{s.threads}, s.tape);
    tape.event_cost().set_price(s.price);
    zero_gradients(model);
    tape.backward(cross_entropy(model(tape.begin(tokens)), targets), static_cast<T>(s.seed));
    Step<T> step{{}, tape.event_cost().total()};
    each_parameter(model, [&](std::string_view, auto const& p) {
        step.gradients.insert(step.gradients.end(), p.gradient(), p.gradient() + p.size());
    });
    return step;
}

TEST_CASE("event cost: a price of zero, and events that nobody reads, change no bit") {
    auto model = event_lm();
    auto const free = train_once(model, {});
    CHECK(free.cost == 0);
    auto const paid = train_once(model, {.price = 0.01});
    CHECK(paid.cost > 0);
    CHECK_FALSE(same_bits(paid.gradients, free.gradients));
    for (auto& block : model.blocks) {
        block.node.fan_out = block.active.fan_out = block.out_node.fan_out = 0;
    }
    auto const unread = train_once(model, {.price = 0.01});
    CHECK(unread.cost == 0);
    CHECK(same_bits(unread.gradients, free.gradients));
}

TEST_CASE("event cost: a price counts from the next pass on, and is gone when it is taken back") {
    auto const input = random_tensor<double>(Extents<dyn, dyn>(3, 65), 1);
    BasicParameter<double, 65> threshold;
    fill_random(threshold, 2);
    Context tape;
    auto const pass = [&](double price) {
        tape.event_cost().set_price(price);
        auto const x = tape.begin(input.view());
        auto const y = threshold_relu2(x, threshold, 5);
        tape.event_cost().set_price(price + 1);  // of another pass
        tape.backward(y);
        return gradient_of(x);
    };
    auto const free = pass(0);
    CHECK(tape.event_cost().total() == 0);
    CHECK_FALSE(same_bits(pass(0.5), free));
    double const total = tape.event_cost().total();
    CHECK(total > 0);
    (void)pass(0.25);
    CHECK(tape.event_cost().total() == total);  // of one pass, and without the price
    CHECK(same_bits(pass(0), free));
    CHECK(tape.event_cost().total() == 0);
}

TEST_CASE("event cost: its gradient alone equals finite differences, where steps are smoothed") {
    auto input = random_tensor<double>(Extents<dyn, dyn>(4, 65), 1);
    BasicParameter<double, 65> threshold;
    fill_random(threshold, 2);
    double const price = 0.3;
    Context tape;
    tape.event_cost().set_price(price);
    auto const cost = [&] {
        (void)threshold_relu2(tape.begin(std::as_const(input).view()), threshold, 7);
        return price * tape.event_cost().total();
    };
    auto const dx = slopes(cost, input.data(), 4 * 65);
    auto const dthreshold = slopes(cost, threshold.value(), 65);
    auto const x = tape.begin(std::as_const(input).view());
    Numbers const nothing(4 * 65);
    tape.backward(threshold_relu2(x, threshold, 7),
                  View<double const, dyn>(nothing.data(), Extents<dyn>(4 * 65)));
    CHECK(roundings(gradient_of(x), dx) < difference_roundings<double>);
    CHECK(roundings(Numbers(threshold.gradient(), threshold.gradient() + 65), dthreshold) <
          difference_roundings<double>);
    // One row's events feed a quarter of what the mean is.
    double most = 0;
    for (double const g : dx) { most = std::max(most, std::abs(g)); }
    CHECK(most <= price * 7 / 4 / 4);
    CHECK(most > price * 7 / 4 / 8);
}

TEST_CASE_TEMPLATE("event cost: the gradient of an event is its sign times what a level costs", S,
                   bit, graded<3>, signed_graded<3>, trit) {
    auto const input = random_tensor<double>(Extents<dyn, dyn>(4, 65), 1);
    BasicParameter<double, 65> threshold;
    fill_random(threshold, 2);
    for (double& th : threshold.span()) { th = 0.3 + std::abs(th) / 4; }
    Context tape;
    tape.event_cost().set_price(0.5);
    auto const x = tape.begin(input.view());
    auto const fired = event_node<S>(x, threshold, EventLevels<S>::highest, 7);
    Numbers const nothing(4 * 65);
    tape.backward(fired.spikes, View<double const, dyn>(nothing.data(), Extents<dyn>(4 * 65)));
    auto const g = reference::back_through_node(EventLevels<S>{}, Arctan{}, values_of(fired.charge),
                                                {threshold.span().begin(), threshold.span().end()},
                                                nothing, 0.5 * 7 / 4);
    CHECK(roundings(gradient_of(x), g.dx) < 64);
    CHECK(roundings(Numbers(threshold.gradient(), threshold.gradient() + 65), g.dthreshold) < 256);
}

TEST_CASE("event cost: layers that are computed again pay once, and the same") {
    auto model = event_lm();
    for (double const price : {0.0, 0.01}) {
        auto const kept = train_once(model, {.price = price, .seed = 0.5});
        auto const again =
            train_once(model, {.price = price, .seed = 0.5, .tape = {.recompute = true}});
        CHECK(same_bits(again.gradients, kept.gradients));
        CHECK(again.cost == kept.cost);
    }
}

TEST_CASE("event cost: same bits for one and several threads") {
    auto model = event_lm();
    auto const one = train_once(model, {.price = 0.01}, 40);
    for (int const threads : {2, 3}) {
        auto const several = train_once(model, {.price = 0.01, .threads = threads}, 40);
        CHECK(same_bits(several.gradients, one.gradients));
        CHECK(several.cost == one.cost);
    }
}

TEST_CASE("event cost: a seed scales what events cost like everything else") {
    auto model = event_lm<double>();
    auto const whole = train_once(model, {.price = 0.01});
    for (double const seed : {4.0, 0.125}) {
        auto const part = train_once(model, {.price = 0.01, .seed = seed});
        auto expected = whole.gradients;
        for (double& g : expected) { g *= seed; }
        CHECK(same_bits(part.gradients, expected));  // powers of two do not round
        CHECK(part.cost == whole.cost);
    }
}

TEST_CASE("event cost: two halves of a batch add up to the whole") {
    auto model = event_lm<double>();
    auto const tokens = random_tokens(4, 12, 11, 1);
    auto const targets = random_tokens(4, 12, 11, 2);
    auto const half = [](Tokens const& all, index which) {
        Tokens part;
        part.resize(2, 12);
        std::copy_n(all.ids.begin() + which * 24, 24, part.ids.begin());
        return part;
    };
    auto const gradients = [&] {
        Numbers all;
        each_parameter(model, [&](std::string_view, auto const& p) {
            all.insert(all.end(), p.gradient(), p.gradient() + p.size());
        });
        zero_gradients(model);
        return all;
    };
    Context tape;
    tape.event_cost().set_price(0.01);
    zero_gradients(model);
    tape.backward(cross_entropy(model(tape.begin(tokens)), targets));
    double const cost = tape.event_cost().total();
    auto const whole = gradients();
    double halves = 0;
    for (index const which : {0, 1}) {
        tape.backward(cross_entropy(model(tape.begin(half(tokens, which))), half(targets, which)),
                      0.5);
        halves += tape.event_cost().total() / 2;
    }
    CHECK(halves == doctest::Approx(cost));
    CHECK(roundings(gradients(), whole) < 1000);
}

}  // namespace
}  // namespace spikelet::test::event_cost_test
