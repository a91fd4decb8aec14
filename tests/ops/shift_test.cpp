// SPDX-License-Identifier: MIT
#include <spikelet/ops/shift.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/values.hpp>

namespace spikelet::test::shift_test {
namespace {

template <class T>
struct Shifted {
    BasicParameter<T, dyn> m{5};
    SPIKELET_PARTS(m)
    auto operator()(auto x) const { return mix(x, shift(x), m); }
};

Extents<dyn, dyn, dyn> shape(index batch, index time) {
    return Extents<dyn, dyn, dyn>(batch, time, 5);
}

TEST_CASE("shift: each step sees the one before, the first sees zero") {
    auto const x = random_tensor<float>(shape(2, 3), 1);
    Tape tape;
    auto const y = shift(tape.begin(x.view()));
    for (index b = 0; b < 2; ++b) {
        for (index c = 0; c < 5; ++c) {
            CHECK(y.data[(b * 3) * 5 + c] == 0);
            CHECK(y.data[(b * 3 + 1) * 5 + c] == x(b, 0, c));
            CHECK(y.data[(b * 3 + 2) * 5 + c] == x(b, 1, c));
        }
    }
}

TEST_CASE("shift, mix: backward equals finite differences") {
    for (index const time : {1, 2, 7}) {
        Shifted<double> layer;
        fill_random(layer.m, 1);
        auto const report = gradcheck(layer, random_tensor<double>(shape(2, time), 2));
        CHECK_MESSAGE(report.passed(), to_string(report));
        CHECK(report.checked == 10 * time + 5);
    }
}

TEST_CASE_TEMPLATE("shift, mix: streaming, split at every point, equals the whole sequence", T,
                   float, double) {
    Shifted<T> layer;
    fill_random(layer.m, 1);
    CHECK(streams_exactly(random_tensor<T>(shape(3, 7), 2), layer));
}

template <class T>
struct ShiftMixed {
    BasicParameter<T, dyn> a{5}, b{5};
    SPIKELET_PARTS(a, b)
    auto operator()(auto x) const {
        auto const mixed = shift_mix(x, a, b);
        return mixed[0] * mixed[1];
    }
};

TEST_CASE("shift_mix: backward equals finite differences") {
    for (index const time : {1, 2, 7}) {
        ShiftMixed<double> layer;
        fill_random(layer.a, 1);
        fill_random(layer.b, 2);
        auto const report = gradcheck(layer, random_tensor<double>(shape(2, time), 3));
        CHECK_MESSAGE(report.passed(), to_string(report));
        CHECK(report.checked == 10 * time + 10);
    }
}

/// One weight for two branches, another for the third.
struct TiedShiftMixed {
    BasicParameter<double, dyn> a{5}, b{5};
    SPIKELET_PARTS(a, b)
    auto operator()(auto x) const {
        auto const mixed = shift_mix(x, a, b, a);
        return mixed[0] * mixed[1] * mixed[2];
    }
};

TEST_CASE("shift_mix: a weight may be that of several branches") {
    TiedShiftMixed layer;
    fill_random(layer.a, 1);
    fill_random(layer.b, 2);
    auto const report = gradcheck(layer, random_tensor<double>(shape(2, 7), 3));
    CHECK_MESSAGE(report.passed(), to_string(report));
}

TEST_CASE_TEMPLATE("shift_mix: streaming, split at every point, equals the whole sequence", T,
                   float, double) {
    ShiftMixed<T> layer;
    fill_random(layer.a, 1);
    fill_random(layer.b, 2);
    CHECK(streams_exactly(random_tensor<T>(shape(3, 7), 3), layer));
}

TEST_CASE("shift_mix: run-time sizes that do not fit are an error") {
    ShiftMixed<float> layer;
    layer.a.allocate();
    layer.b.allocate();
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(1, 2, 4), 1);
    Tape tape;
    auto const x = tape.begin(input.view());
    CHECK_THROWS_WITH_AS((void)layer(x),
                         "shift_mix: x is [1, 2, 4], the parameters expect 5 channels", Error);
}

TEST_CASE("mix: a weight of one takes now, of zero then, frozen weights take no gradient") {
    Shifted<float> layer;
    layer.m.allocate();
    layer.m.value()[1] = 1;
    auto const input = random_tensor<float>(shape(1, 4), 1);
    Tape tape;
    auto const x = tape.begin(input.view());
    auto const y = layer(x);
    CHECK(y.data[3 * 5 + 1] == input(0, 3, 1));
    CHECK(y.data[3 * 5 + 2] == input(0, 2, 2));
    tape.backward(y);
    CHECK(x.gradient[3 * 5 + 1] == 1);
    CHECK(x.gradient[3 * 5 + 2] == 0);
    CHECK(x.gradient[2 * 5 + 2] == 1);
}

TEST_CASE("mix: run-time sizes that do not fit are an error") {
    Shifted<float> layer;
    layer.m.allocate();
    auto const input = random_tensor<float>(Extents<dyn, dyn, dyn>(1, 2, 4), 1);
    Tape tape;
    auto const x = tape.begin(input.view());
    CHECK_THROWS_WITH_AS((void)layer(x), "mix: x is [1, 2, 4], the parameters expect 5 channels",
                         Error);
    auto const longer = tape.make<float>(Extents<dyn, dyn, dyn>(1, 3, 4));
    CHECK_THROWS_WITH_AS((void)mix(x, longer, layer.m),
                         "mix: shapes differ: [1, 2, 4] and [1, 3, 4]", Error);
}

}  // namespace
}  // namespace spikelet::test::shift_test
