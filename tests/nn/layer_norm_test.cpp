// SPDX-License-Identifier: MIT
#include <spikelet/nn/layer_norm.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/values.hpp>

namespace spikelet::test::layer_norm_test {
namespace {

TEST_CASE("layer norm layer: starts with gain one and bias zero") {
    LayerNorm<dyn> layer{5};
    Rng rng(1);
    layer.init(rng);
    for (float w : layer.weight.span()) { CHECK(w == 1); }
    for (float b : layer.bias.span()) { CHECK(b == 0); }
}

TEST_CASE("layer norm layer: is the op with its parameters") {
    LayerNorm<6, double> layer;
    fill_random(layer.weight, 1);
    fill_random(layer.bias, 2);
    auto const x = random_tensor<double>(Extents<dyn, 6>(5, {}), 3);
    Tape<Serial<>, double> tape;
    auto const v = tape.begin(x.view());
    CHECK(values_of(layer(v)) == values_of(layer_norm(v, layer.weight, layer.bias)));
    CHECK(gradcheck(layer, x).passed());
}

}  // namespace
}  // namespace spikelet::test::layer_norm_test
