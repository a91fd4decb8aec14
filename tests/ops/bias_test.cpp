// SPDX-License-Identifier: MIT
#include <spikelet/ops/bias.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/numbers.hpp>
#include <support/values.hpp>

namespace spikelet::test::bias_test {
namespace {

struct Biased {
    BasicParameter<double, dyn> bias{5};
    SPIKELET_PARTS(bias)

    auto operator()(auto x) const { return add_bias(x, bias); }
};

TEST_CASE("add_bias: backward equals finite differences") {
    Biased layer;
    fill_random(layer.bias, 1);
    auto const x = random_tensor<double>(Extents<2, 3, 5>{}, 2);
    auto const report = gradcheck(layer, x);
    CHECK_MESSAGE(report.passed(), to_string(report));
    CHECK(report.checked == 35);
    Forward<Serial<>, double> forward;
    auto const y = layer(forward.begin(x.view()));
    CHECK(y.data[7] == x.data()[7] + layer.bias.value()[2]);
}

TEST_CASE("add_bias: another number of channels is refused") {
    Biased layer;
    layer.bias.allocate();
    auto const x = random_tensor<double>(Extents<dyn, dyn>(2, 4), 1);
    Forward<Serial<>, double> forward;
    CHECK_THROWS_WITH_AS(layer(forward.begin(x.view())),
                         "add_bias: x is [2, 4], the parameters expect 5 channels", Error);
}

}  // namespace
}  // namespace spikelet::test::bias_test
