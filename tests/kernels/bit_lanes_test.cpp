// SPDX-License-Identifier: MIT
#include <spikelet/kernels/bit_lanes.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <support/lanes.hpp>

namespace spikelet::test::bit_lanes_test {
namespace {

using Bytes = simd::Batch<std::uint8_t, Serial<>>;
using Words = simd::Batch<word, Serial<>>;

constexpr word a = 0x0F0F0F0F'00FF00FF;
constexpr word b = 0x3333CCCC'0F0F0F0F;
constexpr word c = 0x55555555'33333333;

TEST_CASE("bit_lanes: parity and majority are those of three bits") {
    auto const sum = lanes_of(simd::parity(Words(a), Words(b), Words(c)));
    auto const carry = lanes_of(simd::majority(Words(a), Words(b), Words(c)));
    for (std::size_t i = 0; i < sum.size(); ++i) {
        CHECK(sum[i] == (a ^ b ^ c));
        CHECK(carry[i] == ((a & b) | (a & c) | (b & c)));
    }
}

TEST_CASE("bit_lanes: words exchange places in pairs") {
    auto const x = ascending<word>(simd::width<Words>);
    auto const y = lanes_of(simd::exchange_pairs(Words::load_unaligned(x.data())));
    for (std::size_t i = 0; i < y.size(); ++i) { CHECK(y[i] == x[i ^ 1]); }
}

TEST_CASE("bit_lanes: the first bytes of an array, and zeros") {
    constexpr auto count = static_cast<std::size_t>(simd::width<Bytes>);
    for (std::size_t n = 0; n <= count; ++n) {
        // No byte behind the end is there to be read.
        std::vector<std::uint8_t> bytes(n);
        for (std::size_t i = 0; i < n; ++i) { bytes[i] = static_cast<std::uint8_t>(i + 1); }
        auto const lanes = lanes_of(simd::load_first<Bytes>(bytes.data(), static_cast<index>(n)));
        for (std::size_t i = 0; i < count; ++i) { CHECK(lanes[i] == (i < n ? i + 1 : 0)); }
    }
}

TEST_CASE("bit_lanes: a value where a bit is set") {
    for (word const bits : {word{0}, ~word{0}, a, b, word{0x80000000'80000001}}) {
        for (int const value : {1, 8, 255}) {
            auto const lanes =
                lanes_of(simd::bytes_where<Bytes>(bits, static_cast<std::uint8_t>(value)));
            for (std::size_t i = 0; i < lanes.size(); ++i) {
                CHECK(lanes[i] == ((bits >> i & 1) != 0 ? value : 0));
            }
        }
    }
}

}  // namespace
}  // namespace spikelet::test::bit_lanes_test
