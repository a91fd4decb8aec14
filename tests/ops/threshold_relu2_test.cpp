// SPDX-License-Identifier: MIT
#include <spikelet/ops/threshold_relu2.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/ops/elementwise.hpp>

#include <support/numbers.hpp>
#include <support/values.hpp>

namespace spikelet::test::threshold_relu2_test {
namespace {

constexpr Extents<dyn, dyn, 17> shape(2, 3, {});

template <class T, index C = 17>
struct Above {
    BasicParameter<T, C> threshold{17};
    SPIKELET_PARTS(threshold)
    auto operator()(auto x) const { return threshold_relu2(x, threshold); }
};

TEST_CASE_TEMPLATE("threshold_relu2: squares what is above a channel's threshold", T, float,
                   double) {
    Above<T> layer;
    fill_random(layer.threshold, 1);
    auto const x = random_tensor<T>(shape, 2);
    Tape<Serial<>, T> tape;
    auto const y = layer(tape.begin(x.view()));
    CHECK(y.extents == shape);
    std::vector<double> expected;
    for (std::size_t i = 0; i < x.span().size(); ++i) {
        auto const z = static_cast<double>(x.span()[i] - layer.threshold.span()[i % 17]);
        expected.push_back(z > 0 ? z * z : 0);
    }
    CHECK(roundings(values_of(y), expected) < 4);
}

TEST_CASE("threshold_relu2: thresholds of zero are none") {
    Above<float> layer;
    layer.threshold.allocate();
    auto const x = random_tensor<float>(shape, 2);
    Forward forward;
    auto const v = forward.begin(x.view());
    CHECK(same_bits(values_of(layer(v)), values_of(relu2(v))));
}

TEST_CASE("threshold_relu2: backward equals finite differences, in the thresholds, too") {
    Above<double> layer;
    fill_random(layer.threshold, 1);
    auto const report = gradcheck(layer, random_tensor<double>(shape, 2));
    CHECK_MESSAGE(report.passed(), to_string(report));
    CHECK(report.checked == 7 * 17);
}

TEST_CASE("threshold_relu2: frozen thresholds let the gradient through") {
    Above<float> layer;
    fill_random(layer.threshold, 1);
    auto const input = random_tensor<float>(shape, 2);
    Tape tape;
    auto const gradient = [&] {
        auto const x = tape.begin(input.view());
        tape.backward(layer(x));
        return gradient_of(x);
    };
    auto const trained = gradient();
    layer.threshold.freeze();
    CHECK(same_bits(gradient(), trained));
}

TEST_CASE_TEMPLATE("threshold_relu2: streaming, split at every point, equals the whole sequence", T,
                   float, double) {
    Above<T, dyn> layer;
    fill_random(layer.threshold, 1);
    CHECK(streams_exactly(random_tensor<T>(Extents<dyn, dyn, dyn>(2, 5, 17), 2), layer));
}

TEST_CASE("threshold_relu2: run-time sizes that do not fit are an error") {
    Above<float, dyn> layer;
    layer.threshold.allocate();
    auto const input = random_tensor<float>(Extents<dyn, dyn>(2, 16), 2);
    Tape tape;
    CHECK_THROWS_WITH_AS((void)layer(tape.begin(input.view())),
                         "threshold_relu2: x is [2, 16], the parameters expect 17 channels", Error);
}

}  // namespace
}  // namespace spikelet::test::threshold_relu2_test
