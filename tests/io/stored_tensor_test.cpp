// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/stored_tensor.hpp>

namespace spikelet_test::stored_tensor_test {

using namespace spikelet;

TEST_CASE("stored_tensor: values in memory get a name, a type and a shape") {
    std::vector<float> const values{1, 2, 3, 4, 5, 6};
    StoredTensor const tensor = stored_tensor("w", {2, 3}, std::span(values));
    CHECK(tensor.name == "w");
    CHECK(tensor.dtype == Dtype::F32);
    CHECK(tensor.size() == 6);
    CHECK(static_cast<void const*>(tensor.bytes.data()) == values.data());
    CHECK(describe(tensor.dtype, tensor.shape) == "F32 [2, 3]");
}

TEST_CASE("stored_tensor: a scalar has one element, an empty tensor none") {
    std::int64_t const value = -5;
    CHECK(stored_tensor("s", {}, std::span(&value, 1)).size() == 1);
    CHECK(stored_tensor("e", {0, 4}, std::span<double const>()).size() == 0);
    CHECK(describe(Dtype::I64, {}) == "I64 []");
}

TEST_CASE("stored_tensor: the shape must fit the values") {
    std::vector<std::uint8_t> const values(5);
    CHECK_THROWS_WITH_AS(stored_tensor("w", {2, 3}, std::span(values)),
                         "stored_tensor: 'w' is U8 [2, 3], but has 5 values", Error);
    CHECK_THROWS_WITH_AS(stored_tensor("w", {-5, -1}, std::span(values)),
                         "stored_tensor: 'w' is U8 [-5, -1], but has 5 values", Error);
}

TEST_CASE("stored_tensor: bytes are counted without overflow") {
    constexpr spikelet::index most = std::numeric_limits<spikelet::index>::max();
    auto count = [](Dtype dtype, std::vector<spikelet::index> const& shape) {
        return byte_count(dtype, shape);
    };
    CHECK(count(Dtype::U8, {most}) == most);
    CHECK_FALSE(count(Dtype::F16, {most}));
    CHECK_FALSE(count(Dtype::U8, {most, 2}));
    CHECK_FALSE(count(Dtype::U8, {spikelet::index{1} << 32, spikelet::index{1} << 32}));
    CHECK_FALSE(count(Dtype::U8, {-1}));
    CHECK(count(Dtype::F64, {0, most}) == 0);
    CHECK(count(Dtype::F64, {}) == 8);
}

}  // namespace spikelet_test::stored_tensor_test
