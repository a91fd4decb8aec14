// SPDX-License-Identifier: MIT
#include <spikelet/ops/wkv.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/values.hpp>

namespace spikelet::test::wkv_test {
namespace {

template <class T>
struct Average {
    BasicParameter<T, dyn> decay{5}, first{5};
    SPIKELET_PARTS(decay, first)
    auto operator()(auto k, auto v) const { return wkv(k, v, decay, first); }
    auto operator()(auto x) const { return wkv(x, x * x, decay, first); }
};

template <class T>
Average<T> random_average() {
    Average<T> average;
    fill_random(average.decay, 1);
    fill_random(average.first, 2);
    return average;
}

Extents<dyn, dyn, dyn> shape(index batch, index time) {
    return Extents<dyn, dyn, dyn>(batch, time, 5);
}

TEST_CASE("wkv: backward equals finite differences") {
    for (index const time : {1, 2, 7}) {
        auto average = random_average<double>();
        auto const k = random_tensor<double>(shape(2, time), 3);
        auto const v = random_tensor<double>(shape(2, time), 4);
        auto const report = gradcheck(average, k, v);
        CHECK_MESSAGE(report.passed(), to_string(report));
        CHECK(report.checked == 20 * time + 10);
    }
}

TEST_CASE("wkv: the first step is its own value, whatever key and bonus") {
    auto const average = random_average<float>();
    auto const k = random_tensor<float>(shape(2, 3), 3);
    auto const v = random_tensor<float>(shape(2, 3), 4);
    Tape tape;
    auto const keys = tape.begin(k.view());
    auto const y = average(keys, place(tape, v));
    for (index c = 0; c < 5; ++c) {
        CHECK(y.data[c] == doctest::Approx(static_cast<double>(v(0, 0, c))));
    }
}

TEST_CASE("wkv: without decay and bonus, equal keys give the mean of all values so far") {
    auto average = random_average<double>();
    std::fill_n(average.decay.value(), 5, -30.0);
    std::fill_n(average.first.value(), 5, 0.0);
    Tensor<double, dyn, dyn, dyn> k(shape(1, 6));
    k.fill(0.7);
    auto const v = random_tensor<double>(shape(1, 6), 4);
    Tape<Serial<>, double> tape;
    auto const keys = tape.begin(std::as_const(k).view());
    auto const y = average(keys, place(tape, v));
    double sum = 0;
    for (index t = 0; t < 6; ++t) {
        sum += v(0, t, 2);
        CHECK(y.data[t * 5 + 2] == doctest::Approx(sum / static_cast<double>(t + 1)));
    }
}

TEST_CASE_TEMPLATE("wkv: streaming, split at every point, equals the whole sequence", T, float,
                   double) {
    auto const average = random_average<T>();
    CHECK(streams_exactly(random_tensor<T>(shape(3, 7), 3), average));
}

TEST_CASE("wkv: run-time sizes that do not fit are an error") {
    auto const average = random_average<float>();
    Tape tape;
    tape.begin();
    auto const four = tape.make<float>(Extents<dyn, dyn, dyn>(1, 2, 4));
    auto const longer = tape.make<float>(Extents<dyn, dyn, dyn>(1, 3, 4));
    CHECK_THROWS_AS((void)average(four, four), Error);
    CHECK_THROWS_WITH_AS((void)average(four, longer), "wkv: shapes differ: [1, 2, 4] and [1, 3, 4]",
                         Error);
}

}  // namespace
}  // namespace spikelet::test::wkv_test
