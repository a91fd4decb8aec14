// SPDX-License-Identifier: MIT
#include <spikelet/kernels/bfloat16.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/half.hpp>
#include <spikelet/kernels/simd.hpp>

#include <support/numbers.hpp>

namespace spikelet::test::bfloat16_test {
namespace {

using Batch = simd::Batch<float, Serial<>>;
constexpr std::size_t lanes = Batch::size;

std::vector<float> numbers_of(Batch const& x) {
    std::vector<float> numbers(lanes);
    simd::store(numbers.data(), x, simd::Full{});
    return numbers;
}

/// The two numbers of a lane.
std::array<float, 2> pair_of(float lane) {
    auto const bits = std::bit_cast<std::uint32_t>(lane);
    return {float_from_bfloat16(static_cast<std::uint16_t>(bits)),
            float_from_bfloat16(static_cast<std::uint16_t>(bits >> 16))};
}

float rounded(float x) { return float_from_bfloat16(bfloat16_from_float(x)); }

bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// Numbers of all kinds: ties to both sides, overflow into infinity, what is no number.
std::vector<float> all_kinds() {
    auto numbers = random_numbers<float>(static_cast<index>(2 * lanes), 1);
    float const special[] = {1.00390625F,
                             1.01171875F,
                             -1.00390625F,
                             0.0F,
                             -0.0F,
                             3.4e38F,
                             std::numeric_limits<float>::infinity(),
                             std::numeric_limits<float>::quiet_NaN()};
    std::copy_n(special, std::min(std::size(special), numbers.size()), numbers.begin());
    return numbers;
}

TEST_CASE("bfloat16: pairs of neighbours and pairs of two batches are rounded as one number is") {
    auto const x = all_kinds();
    Batch const first = simd::load<Batch>(x.data(), simd::Full{});
    Batch const second = simd::load<Batch>(x.data() + lanes, simd::Full{});
    auto const along = numbers_of(simd::bf16_pairs_along(first, second));
    auto const across = numbers_of(simd::bf16_pairs_across(first, second));
    for (std::size_t i = 0; i < lanes; ++i) {
        CHECK(same(pair_of(along[i])[0], rounded(x[2 * i])));
        CHECK(same(pair_of(along[i])[1], rounded(x[2 * i + 1])));
        CHECK(same(pair_of(across[i])[0], rounded(x[i])));
        CHECK(same(pair_of(across[i])[1], rounded(x[lanes + i])));
    }
}

TEST_CASE("bfloat16: the second product of a pair is added first, each rounded once") {
    for (unsigned seed = 1; seed < 100; ++seed) {
        auto const a = random_numbers<float>(static_cast<index>(2 * lanes), seed);
        auto const b = random_numbers<float>(static_cast<index>(2 * lanes), seed + 1000);
        auto const sums = random_numbers<float>(static_cast<index>(lanes), seed + 2000);
        auto const pairs = [](std::vector<float> const& x) {
            return simd::bf16_pairs_along(simd::load<Batch>(x.data(), simd::Full{}),
                                          simd::load<Batch>(x.data() + lanes, simd::Full{}));
        };
        auto const result = numbers_of(
            simd::bf16_dot(simd::load<Batch>(sums.data(), simd::Full{}), pairs(a), pairs(b)));
        bool equal = true;
        for (std::size_t i = 0; i < lanes; ++i) {
            float const second = std::fma(rounded(a[2 * i + 1]), rounded(b[2 * i + 1]), sums[i]);
            equal = equal && result[i] == std::fma(rounded(a[2 * i]), rounded(b[2 * i]), second);
        }
        CHECK(equal);
    }
}

TEST_CASE("bfloat16: loads are widened, and zero where lanes are not in use") {
    std::vector<bf16> numbers(lanes);
    for (std::size_t i = 0; i < lanes; ++i) {
        numbers[i] = {bfloat16_from_float(static_cast<float>(i) * -1.25F)};
    }
    auto const whole = numbers_of(simd::load_floats<Batch>(numbers.data(), simd::Full{}));
    for (std::size_t i = 0; i < lanes; ++i) { CHECK(whole[i] == float{numbers[i]}); }
    for (std::size_t n = 1; n < lanes; ++n) {
        std::vector<bf16> const some(numbers.begin(),
                                     numbers.begin() + static_cast<std::ptrdiff_t>(n));
        simd::Part const part{static_cast<index>(n)};
        auto const first = numbers_of(simd::load_floats<Batch>(some.data(), part));
        for (std::size_t i = 0; i < lanes; ++i) {
            CHECK(first[i] == (i < n ? float{numbers[i]} : 0.0F));
        }
    }
}

}  // namespace
}  // namespace spikelet::test::bfloat16_test
