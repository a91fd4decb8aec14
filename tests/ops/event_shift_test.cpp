// SPDX-License-Identifier: MIT
#include <spikelet/ops/event_shift.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <spikelet/autodiff/session.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/event_node.hpp>

#include <support/event_lm.hpp>
#include <support/every_way.hpp>
#include <support/numbers.hpp>
#include <support/values.hpp>

namespace spikelet::test::event_shift_test {
namespace {

constexpr index C = 67;
using Shape = Extents<dyn, dyn, dyn>;

/// Weights around 1/2; the first ones are special.
template <class T>
BasicParameter<T, dyn> some_weights(std::uint64_t seed) {
    BasicParameter<T, dyn> m{C};
    fill_random(m, seed);
    for (T& w : m.span()) { w = T(0.5) + w / 4; }
    m.span()[0] = T(0.5);
    m.span()[1] = std::nextafter(T(0.5), T(0));
    return m;
}

template <class Ctx, class S, class E>
auto numbers_of(Var<Ctx, S, E> s) {
    return values_of(to_numbers(s));
}

TEST_CASE_TEMPLATE("event_shift: each weight selects this step or the one before", S, bit,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    auto const events = random_values<S>(Shape(2, 4, C), 1);
    auto const a = some_weights<float>(2);
    auto const b = some_weights<float>(3);
    Tape tape;
    auto const s = tape.begin(events.view());
    auto const y = event_shift(s, a, b);
    auto const now = numbers_of(s);
    std::array const shifted{numbers_of(y[0]), numbers_of(y[1])};
    std::array const weights{&a, &b};
    bool right = true;
    for (std::size_t j = 0; j < 2; ++j) {
        CHECK(y[j].extents == s.extents);
        for (std::size_t i = 0; i < now.size(); ++i) {
            float const before = i / C % 4 > 0 ? now[i - C] : 0.0F;
            float const expected = weights[j]->span()[i % C] >= 0.5F ? now[i] : before;
            right = right && shifted[j][i] == expected;
        }
    }
    CHECK(right);
    CHECK(shifted[0] != shifted[1]);
}

TEST_CASE("event_shift: gradients pass the choice straight through") {
    using S = signed_graded<3>;
    auto const events = random_values<S>(Shape(2, 4, C), 1);
    auto const m = some_weights<double>(2);
    auto const dy = random_numbers<double>(8 * C, 3);
    Tape<Serial<>, double> tape;
    auto const s = tape.begin(events.view());
    auto const now = numbers_of(s);
    tape.backward(event_shift(s, m)[0], View<double const, dyn>(dy.data(), Extents<dyn>(8 * C)));
    std::vector<double> ds(now.size()), dm(C);
    for (std::size_t i = 0; i < now.size(); ++i) {
        bool const starts = i / C % 4 == 0;
        bool const passes = m.span()[i % C] >= 0.5;
        if (passes) { ds[i] += dy[i]; }
        if (!passes && !starts) { ds[i - C] += dy[i]; }
        dm[i % C] += dy[i] * (now[i] - (starts ? 0 : now[i - C]));
    }
    CHECK(roundings(gradient_of(s), ds) < 4);
    CHECK(roundings(std::vector<double>(m.gradient(), m.gradient() + C), dm) < 64);
}

TEST_CASE("event_shift: a shift that nobody reads adds nothing, events read twice add up") {
    auto const events = random_values<graded<3>>(Shape(1, 5, C), 1);
    auto const a = some_weights<double>(2);
    auto const b = some_weights<double>(3);
    Tape<Serial<>, double> tape;
    auto const gradient = [&](auto f) {
        auto const s = tape.begin(events.view());
        tape.backward(f(s));
        return gradient_of(s);
    };
    auto const alone = gradient([&](auto s) { return to_numbers(event_shift(s, a)[0]); });
    CHECK(same_bits(gradient([&](auto s) { return to_numbers(event_shift(s, a, b)[0]); }), alone));
    auto twice = alone;
    for (double& g : twice) { g += 1; }
    CHECK(gradient([&](auto s) { return event_shift(s, a)[0] + s; }) == twice);
}

TEST_CASE("event_shift: frozen weights let the gradient through") {
    auto const events = random_values<graded<3>>(Shape(1, 5, C), 1);
    auto m = some_weights<float>(2);
    Tape tape;
    auto const gradient = [&] {
        auto const s = tape.begin(events.view());
        tape.backward(to_numbers(event_shift(s, m)[0]));
        return gradient_of(s);
    };
    auto const trained = gradient();
    m.freeze();
    CHECK(same_bits(gradient(), trained));
}

template <class S, class T>
void check_streaming() {
    auto const a = some_weights<T>(2);
    auto const b = some_weights<T>(3);
    BasicParameter<T, dyn> threshold{C};
    threshold.allocate();
    for (T& th : threshold.span()) { th = T(0.25); }
    CHECK(streams_exactly(random_tensor<T>(Shape(3, 7, C), 4), [&](auto x) {
        auto const y = event_shift(event_node<S>(x, threshold).spikes, a, b);
        return 16 * y[0] + y[1];
    }));
}

TEST_CASE_TEMPLATE("event_shift: streaming, split at every point, equals the whole sequence", S,
                   bit, graded<3>, graded<4>, signed_graded<3>, trit) {
    check_streaming<S, float>();
    check_streaming<S, double>();
}

TEST_CASE("event_shift: another batch while state is carried is an error, reset() helps") {
    auto const one = random_values<graded<3>>(Shape(1, 2, C), 1);
    auto const two = random_values<graded<3>>(Shape(2, 2, C), 1);
    auto const m = some_weights<float>(2);
    Forward forward(serial, {.carry_state = true});
    (void)event_shift(forward.begin(one.view()), m);
    CHECK_THROWS_AS((void)event_shift(forward.begin(two.view()), m), Error);
    forward.state().reset();
    CHECK_NOTHROW((void)event_shift(forward.begin(two.view()), m));
}

/// A model whose events of token 1 fill the channels that make a float of their words no number.
EventLm<> model_with_odd_words() {
    auto model = event_lm();
    auto const row = model.embed.weight.span().subspan(C, C);
    for (std::size_t c = 0; c < row.size(); ++c) {
        row[c] = c == 0 || (c >= 23 && c <= 30) ? 10.0F : -1.0F;
    }
    for (float& w : model.blocks[0].norm.weight.span()) { w = 1; }
    for (float& b : model.blocks[0].norm.bias.span()) { b = 0; }
    return model;
}

std::vector<float> copied(std::span<float const> numbers) {
    return {numbers.begin(), numbers.end()};
}

template <class S>
void check_restored(S session, std::vector<std::int32_t> const& tokens) {
    auto const whole = [&] {
        S once = session;
        std::vector<std::vector<float>> logits;
        for (auto const id : tokens) { logits.push_back(copied(once(id))); }
        return logits;
    }();
    int not_numbers = 0;
    for (std::size_t split = 1; split < tokens.size(); ++split) {
        session.reset();
        for (std::size_t i = 0; i < split; ++i) { (void)session(tokens[i]); }
        auto const state = copied(session.state());
        for (float const number : state) { not_numbers += std::isnan(number) ? 1 : 0; }
        S fork = session;
        session.reset();
        (void)session(7);
        session.restore(state);
        CHECK(same_bits(copied(session.state()), state));
        bool same = true;
        for (std::size_t i = split; i < tokens.size(); ++i) {
            same = same && same_bits(copied(session(tokens[i])), whole[i]) &&
                   same_bits(copied(fork(tokens[i])), whole[i]);
        }
        CHECK(same);
    }
    CHECK(not_numbers > 0);
}

TEST_CASE("event_shift: a session is kept and taken up again at every point, whatever its words") {
    auto const model = model_with_odd_words();
    std::vector<std::int32_t> const tokens{3, 1, 5, 1, 1, 0, 9, 1, 2};
    check_restored(Session{model}, tokens);  // all of it known to the compiler
    check_restored(Session{model, SessionOptions{}}, tokens);
    check_restored(Session{model, OpenMp<>{2}}, tokens);
}

TEST_CASE("event_shift: sessions have the bits of the whole sequence, in chunks and batches") {
    CHECK(odd_way(model_with_odd_words(), random_tokens(3, 21, 11)) == "");
}

TEST_CASE("event_shift: run-time sizes that do not fit are an error") {
    auto const m = some_weights<float>(2);
    auto const events = random_values<graded<3>>(Shape(1, 2, 66), 1);
    Tape tape;
    CHECK_THROWS_WITH_AS((void)event_shift(tape.begin(events.view()), m, m),
                         "event_shift: x is [1, 2, 66], the parameters expect 67 channels", Error);
}

}  // namespace
}  // namespace spikelet::test::event_shift_test
