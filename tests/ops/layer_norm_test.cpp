// SPDX-License-Identifier: MIT
#include <spikelet/ops/layer_norm.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/values.hpp>

namespace spikelet::test::layer_norm_test {
namespace {

template <class T, index C = 17>
struct Norm {
    double eps = 1e-5;
    BasicParameter<T, C> weight{17}, bias{17};
    SPIKELET_PARTS(weight, bias)
    auto operator()(auto x) const { return layer_norm(x, weight, bias, eps); }
};

constexpr Extents<dyn, dyn, 17> shape(2, 3, {});

template <class L>
void fill_both(L& norm) {
    fill_random(norm.weight, 1);
    fill_random(norm.bias, 2);
}

TEST_CASE_TEMPLATE("layer_norm: normalises every row", T, float, double) {
    for (double const eps : {1e-5, 0.5}) {
        Norm<T> norm{eps};
        fill_both(norm);
        auto const x = random_tensor<T>(shape, 3);
        Tape<Serial<>, T> tape;
        auto const y = norm(tape.begin(x.view()));
        CHECK(y.extents == shape);
        auto const numbers = [](auto const& v) {
            return std::vector<double>(v.span().begin(), v.span().end());
        };
        auto const expected =
            reference::layer_norm(numbers(x), numbers(norm.weight), numbers(norm.bias), eps);
        CHECK(roundings(values_of(y), expected) < 20);
    }
}

TEST_CASE("layer_norm: backward equals finite differences") {
    Norm<double> norm;
    fill_both(norm);
    auto const report = gradcheck(norm, random_tensor<double>(shape, 3));
    CHECK_MESSAGE(report.passed(), to_string(report));
    CHECK(report.checked == 6 * 17 + 2 * 17);
}

/// Gain and bias are the same numbers.
struct TiedNorm {
    BasicParameter<double, 17> both;
    SPIKELET_PARTS(both)
    auto operator()(auto x) const { return layer_norm(x, both, both); }
};

TEST_CASE("layer_norm: one parameter may be gain and bias") {
    TiedNorm norm;
    fill_random(norm.both, 1);
    auto const report = gradcheck(norm, random_tensor<double>(shape, 3));
    CHECK_MESSAGE(report.passed(), to_string(report));
}

TEST_CASE("layer_norm: frozen parameters let the gradient through") {
    Norm<float> norm;
    fill_both(norm);
    auto const input = random_tensor<float>(shape, 3);
    Tape tape;
    auto const x = tape.begin(input.view());
    tape.backward(norm(x));
    auto const trained = gradient_of(x);
    norm.weight.freeze();
    norm.bias.freeze();
    auto const again = tape.begin(input.view());
    tape.backward(norm(again));
    CHECK(same_bits(gradient_of(again), trained));
}

TEST_CASE("layer_norm: run-time sizes that do not fit are an error") {
    Norm<float, dyn> norm;
    norm.weight.allocate();
    norm.bias.allocate();
    auto const input = random_tensor<float>(Extents<dyn, dyn>(2, 16), 3);
    Tape tape;
    auto const x = tape.begin(input.view());
    CHECK_THROWS_WITH_AS((void)norm(x),
                         "layer_norm: x is [2, 16], the parameters expect 17 channels", Error);
}

}  // namespace
}  // namespace spikelet::test::layer_norm_test
