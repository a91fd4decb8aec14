// SPDX-License-Identifier: MIT
#include <spikelet/ops/stored_linear.hpp>

#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/core/tensor.hpp>

namespace spikelet::test::stored_linear_test {
namespace {

/// A weight of all zeros with one output.
StoredWeight<any_weight, dyn, dyn> zeros(index inputs, WeightType type = WeightType::int8) {
    StoredWeight<any_weight, dyn, dyn> weight(inputs, 1);
    weight.store_as(type);
    weight.codes.allocate();
    weight.scale.allocate();
    return weight;
}

template <class T>
float result_of_zeros(StoredWeight<any_weight, dyn, dyn> const& weight) {
    Tensor<T, dyn, dyn> const x(1, weight.extents()[0]);
    Forward forward{serial};
    return *linear(forward.begin(x.view()), weight).data;
}

TEST_CASE("stored_linear: sums of whole numbers hold so many inputs") {
    constexpr index most = index{1} << 20;
    auto weight = zeros(most);
    for (auto& code : weight.codes.writable()) { code = 127; }
    weight.scale.writable()[0] = 1;
    Tensor<graded<4>, dyn, dyn> x(1, most);
    x.fill(~word{0});  // 15 in every place
    Forward forward{serial};
    CHECK(*linear(forward.begin(std::as_const(x).view()), weight).data == 15.0F * 127 * most);

    CHECK(result_of_zeros<float>(zeros(most + 1)) == 0);
    CHECK_THROWS_WITH_AS(result_of_zeros<bit>(zeros(most + 1)),
                         "linear: 1048577 inputs of whole numbers, whose sums hold 1048576 at most",
                         Error);
    CHECK(result_of_zeros<bit>(zeros(most + 1, WeightType::bf16)) == 0);
    CHECK_THROWS_WITH_AS(
        result_of_zeros<float>(StoredWeight<any_weight, dyn, dyn>(16 * most + 1, 1)),
        "linear: 16777217 inputs of whole numbers, whose sums hold 16777216 at most", Error);
}

TEST_CASE("stored_linear: codes that are bound start where words do") {
    auto weight = zeros(4);
    std::vector<word> const memory(5);
    auto const* const codes = reinterpret_cast<std::uint8_t const*>(memory.data());
    weight.codes.bind(codes);
    CHECK(result_of_zeros<bit>(weight) == 0);
    weight.codes.bind(codes + 1);
    CHECK_THROWS_WITH_AS(result_of_zeros<bit>(weight),
                         "weight: codes that are bound start at a multiple of 8 bytes", Error);
    // Floats may stand wherever floats do.
    auto floats = zeros(4, WeightType::f32);
    floats.codes.bind(codes + 4);
    CHECK(result_of_zeros<bit>(floats) == 0);
    floats.codes.bind(codes + 2);
    CHECK_THROWS_WITH_AS(result_of_zeros<bit>(floats),
                         "weight: codes that are bound start at a multiple of 4 bytes", Error);
}

}  // namespace
}  // namespace spikelet::test::stored_linear_test
