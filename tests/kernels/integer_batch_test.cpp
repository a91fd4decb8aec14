// SPDX-License-Identifier: MIT
#include <spikelet/kernels/integer_batch.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <support/lanes.hpp>
#include <support/numbers.hpp>

namespace spikelet::test::integer_batch_test {
namespace {

using Bytes = simd::Bytes<Serial<>>;
using Integers = simd::Integers<Serial<>>;

constexpr auto byte_count = static_cast<std::size_t>(simd::width<Bytes>);
constexpr auto lane_count = static_cast<std::size_t>(simd::width<Integers>);

std::array<std::uint8_t, byte_count> random_bytes(std::uint64_t seed) {
    Rng rng(seed);
    std::array<std::uint8_t, byte_count> bytes;
    for (auto& byte : bytes) { byte = static_cast<std::uint8_t>(rng.below(256)); }
    return bytes;
}

Bytes loaded(std::array<std::uint8_t, byte_count> const& bytes) {
    return Bytes::load_unaligned(bytes.data());
}

TEST_CASE("integer_batch: quads bring four rows of a column together, in the order of columns") {
    std::array<std::array<std::uint8_t, byte_count>, 4> rows;
    for (std::size_t r = 0; r < 4; ++r) { rows[r] = random_bytes(r); }
    auto const quads =
        simd::quads<Bytes>({loaded(rows[0]), loaded(rows[1]), loaded(rows[2]), loaded(rows[3])});
    std::array<Integers, 4> sums;
    for (std::size_t q = 0; q < 4; ++q) {
        std::int32_t lanes[lane_count];
        std::uint8_t bytes[byte_count];
        quads[q].store_unaligned(bytes);
        std::memcpy(lanes, bytes, sizeof lanes);
        sums[q] = Integers::load_unaligned(lanes);
    }
    auto const ordered = simd::in_column_order(sums);
    for (std::size_t c = 0; c < byte_count; ++c) {
        auto const quad =
            static_cast<std::uint32_t>(lanes_of(ordered[c / lane_count])[c % lane_count]);
        for (std::size_t r = 0; r < 4; ++r) { CHECK((quad >> (8 * r) & 255) == rows[r][c]); }
    }
}

template <bool AtOnce>
void check_dot(std::array<std::uint8_t, byte_count> const& u,
               std::array<std::uint8_t, byte_count> const& s) {
    std::int32_t quads[lane_count];
    std::memcpy(quads, s.data(), sizeof quads);
    auto const sums =
        lanes_of(simd::dot_quads<AtOnce>(Integers(-7), loaded(u), Integers::load_unaligned(quads)));
    for (std::size_t i = 0; i < lane_count; ++i) {
        std::int32_t expected = -7;
        for (std::size_t b = 4 * i; b < 4 * i + 4; ++b) {
            expected += u[b] * static_cast<std::int8_t>(s[b]);
        }
        CHECK(sums[i] == expected);
    }
}

TEST_CASE("integer_batch: dot_quads adds up four products, even of the largest bytes") {
    constexpr bool at_once = simd::has_dot_quads<Serial<>>;
    std::array<std::uint8_t, byte_count> most, least;
    most.fill(255);
    least.fill(128);
    check_dot<at_once>(most, least);
    check_dot<false>(most, least);
    least.fill(127);
    check_dot<at_once>(most, least);
    check_dot<false>(most, least);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        check_dot<at_once>(random_bytes(seed), random_bytes(seed + 100));
        check_dot<false>(random_bytes(seed), random_bytes(seed + 100));
    }
}

TEST_CASE("integer_batch: interleave takes lanes in turns") {
    auto const x = ascending<std::int32_t>(simd::width<Integers>);
    Integers const a = Integers::load_unaligned(x.data());
    auto const [low, high] = simd::interleave(a, Integers(-a));
    for (std::size_t i = 0; i < lane_count; ++i) {
        auto const first = static_cast<std::int32_t>(i / 4 * 4 + i % 4 / 2 + 1);
        CHECK(lanes_of(low)[i] == (i % 2 == 0 ? first : -first));
        CHECK(lanes_of(high)[i] == (i % 2 == 0 ? first + 2 : -first - 2));
    }
}

TEST_CASE("integer_batch: bytes of trits are 0, 1 and 2") {
    for (word const some :
         {word{0}, ~word{0}, word{0x80000000'80000001}, word{0x0123456789ABCDEF}}) {
        for (word const others : {word{0}, ~word{0}, word{0x123456789ABCDEF0}}) {
            word const minus = others & ~some;
            auto const bytes = lanes_of(simd::bytes_of_trits<Bytes>(some, minus));
            for (std::size_t i = 0; i < byte_count; ++i) {
                CHECK(bytes[i] == 1 + (some >> i & 1) - (minus >> i & 1));
            }
        }
    }
}

}  // namespace
}  // namespace spikelet::test::integer_batch_test
