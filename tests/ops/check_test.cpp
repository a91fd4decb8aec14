// SPDX-License-Identifier: MIT
// What all ops promise: shapes that agree, gradients only where they are wanted, empty axes.
#include <spikelet/ops/check.hpp>

#include <utility>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/cross_entropy.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/gather.hpp>
#include <spikelet/ops/layer_norm.hpp>
#include <spikelet/ops/lif.hpp>
#include <spikelet/ops/linear.hpp>
#include <spikelet/ops/shift.hpp>
#include <spikelet/ops/wkv.hpp>

#include <support/numbers.hpp>
#include <support/values.hpp>

namespace spikelet::test::check_test {
namespace {

using Shape = Extents<dyn, dyn, dyn>;

/// Parameters for every op that has some, and all ops.
struct Ops {
    Size<dyn> channels;
    Parameter<dyn> a{channels}, b{channels};
    Parameter<dyn, dyn> matrix{channels, Size<dyn>(7)};

    explicit Ops(index C, bool trained = true) : channels(C) {
        for (auto* p : {&a, &b}) { fill_random(*p, 1); }
        fill_random(matrix, 2);
        if (!trained) {
            a.freeze();
            b.freeze();
            matrix.freeze();
        }
    }

    /// Calls f(op) for every op of two values.
    template <class F>
    void each_binary(F&& f) const {
        f([](auto x, auto y) { return x + y; });
        f([](auto x, auto y) { return x - y; });
        f([](auto x, auto y) { return x * y; });
        f([](auto x, auto y) { return gate(x, y); });
        f([this](auto x, auto y) { return mix(x, y, a); });
        f([this](auto x, auto y) { return wkv(x, y, a, b); });
    }

    /// Calls f(op) for every op of one value.
    template <class F>
    void each_unary(F&& f) const {
        f([](auto x) { return 0.5 * x; });
        f([](auto x) { return sigmoid(x); });
        f([](auto x) { return relu2(x); });
        f([](auto x) { return dropout(x, 0.25); });
        f([](auto x) { return shift(x); });
        f([this](auto x) { return layer_norm(x, a, b); });
        f([this](auto x) { return linear(x, matrix); });
        f([](auto x) { return to_numbers(lif(x).spikes); });
        f([](auto x) { return sigmoid(lif(x).charge); });
        f([](auto x) { return to_numbers(heaviside(x).spikes); });
        f([this](auto x) { return linear(heaviside(x).spikes, matrix); });
    }
};

/// x in a tape, with or without a gradient.
template <class T, index... Es>
auto put(Tape<>& tape, Tensor<T, Es...> const& x, bool with_gradient) {
    auto v = with_gradient ? tape.make<T>(x.extents()) : tape.constant<T>(x.extents());
    std::copy(x.span().begin(), x.span().end(), v.data);
    return v;
}

template <class Y>
void back(Tape<>& tape, Y y) {
    auto const dy = random_numbers<float>(y.extents.size(), 9);
    tape.backward(y, View<float const, dyn>(dy.data(), Extents<dyn>(y.extents.size())));
}

TEST_CASE("ops: a constant takes no gradient, and changes no other one") {
    Shape const shape(2, 3, 67);
    auto const x = random_tensor<float>(shape, 3);
    auto const y = random_tensor<float>(shape, 4);
    Ops const ops(67);
    ops.each_binary([&](auto op) {
        std::vector<std::vector<float>> both;
        for (auto const& [first, second] :
             {std::pair{true, true}, {true, false}, {false, true}, {false, false}}) {
            Tape tape;
            tape.begin();
            auto const a = put(tape, x, first);
            auto const b = put(tape, y, second);
            back(tape, op(a, b));
            if (first && second) { both = {gradient_of(a), gradient_of(b)}; }
            if (first) { CHECK(same_bits(gradient_of(a), both[0])); }
            if (second) { CHECK(same_bits(gradient_of(b), both[1])); }
        }
    });
}

TEST_CASE("ops: a constant input leaves the parameters their gradients") {
    Shape const shape(2, 3, 67);
    auto const x = random_tensor<float>(shape, 3);
    Ops const wanted(67);
    Ops const found(67);
    wanted.each_unary([&](auto op) {
        Tape tape;
        tape.begin();
        back(tape, op(put(tape, x, true)));
    });
    found.each_unary([&](auto op) {
        Tape tape;
        tape.begin();
        back(tape, op(put(tape, x, false)));
    });
    auto const same = [](auto const& p, auto const& q) {
        return std::equal(p.gradient(), p.gradient() + p.size(), q.gradient());
    };
    CHECK(same(wanted.a, found.a));
    CHECK(same(wanted.b, found.b));
    CHECK(same(wanted.matrix, found.matrix));
    CHECK(std::count(found.a.gradient(), found.a.gradient() + 67, 0.0F) < 5);
}

TEST_CASE("ops: frozen parameters take no gradient, and change no other one") {
    auto const x = random_tensor<float>(Shape(2, 3, 67), 3);
    auto const gradients = [&](Ops const& ops) {
        std::vector<std::vector<float>> all;
        ops.each_unary([&](auto op) {
            Tape tape;
            tape.begin();
            auto const v = put(tape, x, true);
            back(tape, op(v));
            all.push_back(gradient_of(v));
        });
        return all;
    };
    CHECK(gradients(Ops(67)) == gradients(Ops(67, false)));
}

TEST_CASE("ops: constant spikes take no gradient, and so do many rows of them") {
    Extents<dyn, dyn, dyn> const shape(2, 40, 67);
    auto const spikes = random_spikes(shape, 1);
    auto const numbers = random_tensor<float>(shape, 2);
    Ops const ops(67);
    auto const all = [&](auto op) {
        Tape tape;
        tape.begin();
        back(tape, op(put(tape, numbers, true), put(tape, spikes, false)));
        back(tape, op(put(tape, numbers, false), put(tape, spikes, true)));
    };
    all([](auto x, auto s) { return x + s; });
    all([](auto x, auto s) { return s * x - s; });
    all([&](auto x, auto s) { return linear(s, ops.matrix) + linear(x, ops.matrix); });
    CHECK(ops.matrix.gradient()[0] != 0);
}

TEST_CASE("ops: a loss of constant logits has no gradient to give") {
    auto const logits = random_tensor<float>(Shape(1, 2, 5), 1);
    Tape tape;
    tape.begin();
    auto const loss = cross_entropy(put(tape, logits, false), Tokens{{1, 2}, 1, 2});
    CHECK_NOTHROW(tape.backward(loss));
}

TEST_CASE("ops: an empty axis is computed, whichever it is") {
    for (Shape const& shape : {Shape(0, 3, 5), Shape(2, 0, 5), Shape(2, 3, 0)}) {
        CAPTURE(to_string(shape));
        Ops const ops(shape[2]);
        auto const x = random_tensor<float>(shape, 1);
        auto const run = [&](auto policy, auto op) {
            Tape tape(policy);
            auto const v = tape.begin(x.view());
            auto const y = op(v);
            CHECK(y.extents.rows() == shape.rows());
            tape.backward(y);
            Forward stream(policy, {.carry_state = true});
            CHECK(op(stream.begin(x.view())).extents == y.extents);
        };
        ops.each_unary([&](auto op) { run(serial, op); });
        ops.each_binary([&](auto op) {
            run(serial, [&](auto v) { return op(v, v); });
            run(OpenMp<>{2}, [&](auto v) { return op(v, v); });
        });
    }
}

TEST_CASE("ops: an extent may be a number in one type and come at run time in the other") {
    Tape tape;
    tape.begin();
    auto const fixed = tape.make<float>(Extents<1, 2, 3>{});
    auto const free = tape.make<float>(Extents<dyn, 2, dyn>(1, {}, 3));
    auto const spikes = tape.make<bit>(Extents<dyn, dyn, 3>(1, 2, {}));
    static_assert(std::is_same_v<decltype(fixed + free)::extents_type, Extents<1, 2, 3>>);
    static_assert(std::is_same_v<decltype(free * spikes)::extents_type, Extents<dyn, 2, 3>>);
    CHECK((fixed + free).extents == Extents<1, 2, 3>{});
    CHECK((free + fixed).extents == Extents<1, 2, 3>{});
    CHECK((free - spikes).extents == Extents<dyn, 2, 3>(1, {}, {}));
    CHECK((spikes + fixed).extents == Extents<1, 2, 3>{});
    CHECK(gate(free, fixed).extents == Extents<1, 2, 3>{});
    Parameter<3> weight;
    fill_random(weight, 1);
    CHECK(mix(free, fixed, weight).extents == Extents<1, 2, 3>{});
    CHECK(wkv(fixed, free, weight, weight).extents == Extents<1, 2, 3>{});
}

TEST_CASE("ops: what the types leave open is checked at run time") {
    Tape tape;
    tape.begin();
    auto const fixed = tape.make<float>(Extents<1, 2, 3>{});
    auto const other = tape.make<float>(Extents<dyn, 2, 3>(4, {}, {}));
    CHECK_THROWS_WITH_AS((void)(fixed + other), "add: shapes differ: [1, 2, 3] and [4, 2, 3]",
                         Error);
    CHECK_THROWS_WITH_AS((void)(other - fixed), "subtract: shapes differ: [4, 2, 3] and [1, 2, 3]",
                         Error);
    CHECK_THROWS_AS((void)(fixed * other), Error);
    CHECK_THROWS_AS((void)gate(fixed, other), Error);
}

TEST_CASE("ops: every parameter must have the channels of x") {
    Tape tape;
    tape.begin();
    auto const x = tape.make<float>(Extents<1, 2, dyn>({}, {}, 6));
    Parameter<dyn> fits{6};
    Parameter<dyn> small{2};
    fill_random(fits, 1);
    fill_random(small, 2);
    CHECK_NOTHROW((void)layer_norm(x, fits, fits));
    CHECK_THROWS_AS((void)layer_norm(x, small, fits), Error);
    CHECK_THROWS_AS((void)layer_norm(x, fits, small), Error);
    CHECK_NOTHROW((void)wkv(x, x, fits, fits));
    CHECK_THROWS_AS((void)wkv(x, x, small, fits), Error);
    CHECK_THROWS_AS((void)wkv(x, x, fits, small), Error);
}

TEST_CASE("ops: a parameter without numbers is an error that says what to do") {
    Tape tape;
    tape.begin();
    auto const x = tape.make<float>(Extents<2, 3>{});
    Parameter<3, 4> const weight;
    CHECK_THROWS_WITH_AS((void)linear(x, weight),
                         "parameter: one of shape [3, 4] has no numbers: list it in SPIKELET_PARTS "
                         "and call init(), load_checkpoint() or bind() first",
                         Error);
}

TEST_CASE("ops: a charge that is not kept is an error to read") {
    Tensor<float, 1, 2, 3> const x;
    Forward forward;
    auto const fired = lif(forward.begin(x.view()));
    CHECK_THROWS_WITH_AS((void)sigmoid(fired.charge),
                         "charge: a Tape keeps it, this context does not", Error);
}

}  // namespace
}  // namespace spikelet::test::check_test
