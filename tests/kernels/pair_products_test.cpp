// SPDX-License-Identifier: MIT
#include <spikelet/kernels/pair_products.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>

#include <support/lanes.hpp>

namespace spikelet::test::pair_products_test {
namespace {

using Bytes = simd::Batch<std::uint8_t, Serial<>>;
using Integers = simd::Batch<std::int32_t, Serial<>>;

constexpr auto byte_count = static_cast<std::size_t>(simd::width<Bytes>);

/// Random bytes u below `most` and any bytes s, as the products take them.
struct Factors {
    std::array<std::uint8_t, byte_count> u, s;

    explicit Factors(std::uint64_t seed, index most) {
        Rng rng(seed);
        for (auto& byte : u) { byte = static_cast<std::uint8_t>(rng.below(most)); }
        for (auto& byte : s) { byte = static_cast<std::uint8_t>(rng.below(256)); }
        u[0] = u[1] = u[2] = u[3] = static_cast<std::uint8_t>(most - 1);
        s[0] = s[1] = s[2] = s[3] = 0x80;
    }
    [[nodiscard]] std::int32_t product(std::size_t i) const {
        return u[i] * static_cast<std::int8_t>(s[i]);
    }
};

TEST_CASE("pair_products: neighbours are multiplied and added") {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        Factors const f(seed, 128);
        auto const sums = lanes_of(simd::pair_products(Bytes::load_unaligned(f.u.data()),
                                                       Bytes::load_unaligned(f.s.data())));
        for (std::size_t i = 0; i < sums.size(); ++i) {
            CHECK(sums[i] == f.product(2 * i) + f.product(2 * i + 1));
        }
    }
}

template <bool AtOnce>
void check_quads(Factors const& f) {
    auto const s = simd::as<Integers>(Bytes::load_unaligned(f.s.data()));
    auto const sums =
        lanes_of(simd::quad_products<AtOnce>(Integers(-7), Bytes::load_unaligned(f.u.data()), s));
    for (std::size_t i = 0; i < sums.size(); ++i) {
        std::int32_t expected = -7;
        for (std::size_t b = 4 * i; b < 4 * i + 4; ++b) { expected += f.product(b); }
        CHECK(sums[i] == expected);
    }
}

TEST_CASE("pair_products: four neighbours in one lane, by either way") {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        Factors const f(seed, 128);
        check_quads<simd::has_dot_quads<Serial<>>>(f);
        check_quads<false>(f);
    }
}

TEST_CASE("pair_products: numbers of 16 bits are widened, less an offset") {
    std::array<std::int16_t, 8> const one{-32768, -1, 0, 1, 2, 3, 4, 32767};
    std::array<std::int16_t, 8> const other{5, 6, 7, 8, 9, 10, 11, 12};
    std::array<std::int32_t, 16> wide{};
    simd::widen(one.data(), other.data(), 100, wide.data());
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(wide[i] == one[i] - 100);
        CHECK(wide[8 + i] == other[i] - 100);
    }
}

}  // namespace
}  // namespace spikelet::test::pair_products_test
