// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/carried_state.hpp>

#include <cmath>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/leaky_integrator.hpp>
#include <spikelet/ops/shift.hpp>
#include <spikelet/ops/wkv.hpp>

#include <support/numbers.hpp>
#include <support/tiny_lm.hpp>
#include <support/values.hpp>

namespace spikelet::test::carried_state_test {
namespace {

using Numbers = std::vector<double>;

TEST_CASE("carried state: a pass that is walked back moves it, another leaves it") {
    CarriedState<double> state;
    state.start_pass();
    CHECK(state.numbers().empty());
    double* at = state.take(2, {1, 3});
    CHECK(Numbers(at, at + 4) == Numbers{1, 1, 3, 3});
    at[0] = 7;
    CHECK(state.numbers().empty());
    state.start_pass();
    at = state.take(2, {1, 3});
    CHECK(at[0] == 1);
    at[0] = 8;
    state.end_pass();
    CHECK(state.numbers()[0] == 8);
    state.start_pass();
    at = state.take(2, {1, 3});
    CHECK(Numbers(at, at + 4) == Numbers{8, 1, 3, 3});
    at[0] = 9;
    // A layer that is computed again.
    state.go_to({});
    CHECK(state.take(2, {1, 3})[0] == 8);
    state.reset();
    state.start_pass();
    CHECK(state.take(2, {1, 3})[0] == 1);
}

TEST_CASE("carried state: a pass that is never walked back counts when the next one begins") {
    CarriedState<double> state;
    auto const pass = [&](double left) {
        state.next_pass();
        double* const at = state.take(1, {1, 3});
        Numbers const found(at, at + 2);
        at[0] = left;
        return found;
    };
    auto const numbers = [&] { return Numbers(state.numbers().begin(), state.numbers().end()); };
    CHECK(pass(7) == Numbers{1, 3});
    CHECK(numbers() == Numbers{7, 3});
    CHECK(pass(8) == Numbers{7, 3});
    state.next_pass();  // carries nothing
    CHECK(numbers() == Numbers{8, 3});
    CHECK(pass(9) == Numbers{8, 3});
    Numbers const other{5, 6};
    state.restore(other);
    CHECK(numbers() == other);
    CHECK(pass(2) == other);
    state.reset();
    CHECK(numbers().empty());
    CHECK(pass(2) == Numbers{1, 3});
}

TEST_CASE(
    "carried state: other sizes at the same places are an error, though the sum is the same") {
    CarriedState<double> state;
    auto const pass = [&](index first, index second) {
        state.start_pass();
        state.take(first, {1});
        state.take(second, {1});
        state.end_pass();
    };
    pass(2, 4);
    Numbers const kept(6, 7.0);
    for (bool const restored : {false, true}) {
        CAPTURE(restored);
        if (restored) {
            state.restore(kept);
            pass(2, 4);
        }
        CHECK_THROWS_WITH_AS(pass(4, 2),
                             "carried state: the batch or the model changed while 6 numbers are "
                             "carried; call state().reset()",
                             Error);
        CHECK_NOTHROW(pass(2, 4));
    }
    // Of a pass that was not walked back nothing holds, nor do its sizes.
    state.restore(kept);
    CHECK_THROWS_AS(pass(4, 3), Error);
    CHECK_NOTHROW(pass(2, 4));
    CHECK(Numbers(state.numbers().begin(), state.numbers().end()) == kept);
}

TEST_CASE("carried state: reset or restored before the way back it stays so, and gradients too") {
    for (bool const recompute : {false, true}) {
        CAPTURE(recompute);
        auto model = tiny_lm();
        allocate(model, true);
        Tape tape(serial, {.recompute = recompute, .carry_state = true});
        auto const walk = [&](std::uint64_t seed, auto&& between) {
            zero_gradients(model);
            auto const y = model(tape.begin(random_tokens(2, 3, 11, seed)));
            between();
            tape.backward(y);
            std::vector<float> all;
            each_parameter(model, [&](std::string_view, auto& p) {
                all.insert(all.end(), p.gradient(), p.gradient() + p.size());
            });
            return all;
        };
        auto const carried = [&] {
            auto const numbers = tape.state().numbers();
            return std::vector<float>(numbers.begin(), numbers.end());
        };
        auto const nothing = [] {};
        auto const from_rest = walk(1, nothing);
        auto const first = carried();
        auto const from_first = walk(2, nothing);
        auto const second = carried();
        CHECK_FALSE(first == second);

        tape.state().restore(first);
        CHECK(walk(2, [&] { tape.state().reset(); }) == from_first);
        CHECK(carried().empty());
        CHECK(walk(1, [&] { tape.state().restore(second); }) == from_rest);
        CHECK(carried() == second);
        CHECK(walk(1, [&] { tape.state().restore(first); }) != from_rest);
        CHECK(walk(2, nothing) == from_first);
        CHECK(carried() == second);
    }
}

TEST_CASE("carried state: another batch is an error until it is reset") {
    auto model = tiny_lm();
    allocate(model, true);
    Tape tape(serial, {.carry_state = true});
    auto const walk = [&](index batch) {
        tape.backward(model(tape.begin(random_tokens(batch, 3, 11))));
    };
    walk(2);
    auto const kept =
        std::vector<float>(tape.state().numbers().begin(), tape.state().numbers().end());
    CHECK_FALSE(kept.empty());
    for (index const other : {1, 3}) {
        CAPTURE(other);
        CHECK_THROWS_AS(walk(other), Error);
        CHECK(std::ranges::equal(tape.state().numbers(), kept));
    }
    CHECK_NOTHROW(walk(2));
    tape.state().reset();
    CHECK(tape.state().numbers().empty());
    CHECK_NOTHROW(walk(3));
}

/// Everything that carries state and has a gradient which differences can tell.
struct Smooth {
    Linear<5, 5, double> in;
    BasicParameter<double, 5> decay, bonus, first, second, leak;
    SPIKELET_PARTS(in, decay, bonus, first, second, leak)

    auto operator()(auto x) const {
        auto const past = wkv(in(x), shift(x), decay, bonus);
        auto const mixed = shift_mix(past, first, second);
        return leaky_integrator(mixed[0] * mixed[1], leak) + past;
    }
};

struct Gradients {
    Numbers y, dx, dw;
};

/// One pass from what the tape carries, and back.
template <class Model>
Gradients walk(Tape<Serial<>, double>& tape, Model& model, Tensor<double, dyn, dyn, 5> const& x) {
    zero_gradients(model);
    auto const input = tape.begin(x.view());
    auto const y = model(input);
    tape.backward(y);
    Gradients g{values_of(y), gradient_of(input), {}};
    each_parameter(model, [&](std::string_view, auto& p) {
        g.dw.insert(g.dw.end(), p.gradient(), p.gradient() + p.size());
    });
    return g;
}

template <class Model>
void shake(Model& model) {
    Rng rng(3);
    init(model, rng);
    each_parameter(model, [&](std::string_view, auto& p) {
        for (double& w : p.span()) { w = 0.5 + 0.3 * rng.normal(); }
    });
    allocate(model, true);
}

TEST_CASE("carried state: gradients equal differences, the start held constant") {
    Smooth model;
    shake(model);
    auto const x = random_tensor<double>(Extents<dyn, dyn, 5>(2, 6, {}), 1);
    auto first = steps_of(x, 0, 4);
    auto second = steps_of(x, 4, 6);
    Tape<Serial<>, double> tape({}, {.carry_state = true});
    walk(tape, model, first);
    Numbers const start(tape.state().numbers().begin(), tape.state().numbers().end());
    auto const again = [&] {
        tape.state().restore(start);
        return walk(tape, model, second);
    };
    Gradients const g = again();
    auto const difference = [&](double& number) {
        auto const sum = [&](double value) {
            number = value;
            auto const y = again().y;
            return std::accumulate(y.begin(), y.end(), 0.0);
        };
        double const old = number;
        double const above = sum(old + 1e-5), below = sum(old - 1e-5);
        number = old;
        return (above - below) / 2e-5;
    };
    Numbers dx, dw;
    for (double& v : second.span()) { dx.push_back(difference(v)); }
    each_parameter(model, [&](std::string_view, auto& p) {
        for (double& v : p.span()) { dw.push_back(difference(v)); }
    });
    auto const near = [](Numbers const& a, Numbers const& b) {
        REQUIRE(a.size() == b.size());
        double worst = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            worst = std::max(worst, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i])));
        }
        return worst;
    };
    CHECK(near(g.dx, dx) < 1e-7);
    CHECK(near(g.dw, dw) < 1e-7);

    // From rest it is another loss.
    tape.state().reset();
    CHECK(near(walk(tape, model, second).dw, dw) > 1e-2);
}

TEST_CASE_TEMPLATE("carried state: what is restored to passes that carry none is an error", Context,
                   Forward<>, Tape<>) {
    Tensor<float, 1, 2, 3> const x;
    Context context;
    std::vector<float> const saved{1, 2, 3};
    context.state().restore(saved);
    CHECK_THROWS_WITH_AS((void)context.begin(x.view()),
                         "carried state: it was restored, but every pass of this context starts "
                         "at rest; set carry_state in its options",
                         Error);
    context.state().reset();
    CHECK_NOTHROW((void)context.begin(x.view()));
}

}  // namespace
}  // namespace spikelet::test::carried_state_test
