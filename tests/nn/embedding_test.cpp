// SPDX-License-Identifier: MIT
#include <spikelet/nn/embedding.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/values.hpp>

namespace spikelet::test::embedding_test {
namespace {

TEST_CASE("embedding: starts standard normal") {
    Embedding<dyn, 64> layer{500, {}};
    Rng rng(1);
    layer.init(rng);
    double sum = 0;
    double squares = 0;
    for (float w : layer.weight.span()) {
        sum += static_cast<double>(w);
        squares += static_cast<double>(w) * static_cast<double>(w);
    }
    CHECK(std::abs(sum / 32000) < 0.02);
    CHECK(std::abs(squares / 32000 - 1) < 0.03);
}

TEST_CASE("embedding: ids become rows, rows get gradients") {
    Embedding<4, 3, double> layer;
    fill_random(layer.weight, 1);
    Tensor<std::int32_t, dyn, dyn> ids(1, 3);
    ids(0, 0) = 2;
    ids(0, 2) = 2;
    Tape<Serial<>, double> tape;
    auto const y = layer(tape.begin(std::as_const(ids).view()));
    CHECK(y.extents == Extents<dyn, dyn, 3>(1, 3, {}));
    for (index c = 0; c < 3; ++c) {
        CHECK(y.data[c] == layer.weight.value()[2 * 3 + c]);
        CHECK(y.data[3 + c] == layer.weight.value()[c]);
    }
    CHECK(gradcheck(layer, ids).passed());
}

}  // namespace
}  // namespace spikelet::test::embedding_test
