// SPDX-License-Identifier: MIT
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include <spikelet/io/half.hpp>

namespace spikelet_test::half_test {

using namespace spikelet;

namespace {

float next_up(float x) { return std::nextafter(x, std::numeric_limits<float>::infinity()); }
float next_down(float x) { return std::nextafter(x, -std::numeric_limits<float>::infinity()); }

// The definition: sign, exponent and fraction put together in double.
double half_by_definition(unsigned bits) {
    double const sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
    int const exponent = static_cast<int>((bits >> 10) & 31);
    double const fraction = static_cast<double>(bits & 0x3ff) / 1024.0;
    if (exponent == 31) {
        return fraction == 0.0 ? sign * std::numeric_limits<double>::infinity()
                               : std::numeric_limits<double>::quiet_NaN();
    }
    return exponent == 0 ? sign * std::ldexp(fraction, -14)
                         : sign * std::ldexp(1.0 + fraction, exponent - 15);
}

// Between neighbours a and b of a 16-bit type, the midpoint goes to the even one, and everything
// else to the nearer one. Checked just below, on and just above the midpoint, for both signs.
template <class Narrow, class Widen>
bool rounds_to_nearest_even(std::uint16_t a, Narrow narrow, Widen widen) {
    auto const b = static_cast<std::uint16_t>(a + 1);
    auto const value = [&](int bits) {
        return static_cast<double>(widen(static_cast<std::uint16_t>(bits)));
    };
    double const low = value(a);
    double const high = std::isinf(value(b)) ? low + (low - value(a - 1)) : value(b);
    auto const middle = static_cast<float>((low + high) / 2.0);  // exact: one more bit
    auto const even = a % 2 == 0 ? a : b;
    constexpr unsigned sign = 0x8000;
    return narrow(next_down(middle)) == a && narrow(middle) == even &&
           narrow(next_up(middle)) == b && narrow(-next_down(middle)) == (a | sign) &&
           narrow(-middle) == (even | sign) && narrow(-next_up(middle)) == (b | sign);
}

}  // namespace

TEST_CASE("half: all 65536 survive the way to float and back, NaN payloads included") {
    int wrong = 0;
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        auto const half = static_cast<std::uint16_t>(bits);
        wrong += half_from_float(float_from_half(half)) != half ? 1 : 0;
    }
    CHECK(wrong == 0);
}

TEST_CASE("half: all 65536 mean what the definition says") {
    int wrong = 0;
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        auto const value = static_cast<double>(float_from_half(static_cast<std::uint16_t>(bits)));
        double const expected = half_by_definition(bits);
        bool const same = std::isnan(expected)
                              ? std::isnan(value)
                              : value == expected && std::signbit(value) == std::signbit(expected);
        wrong += same ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("half: every border between two neighbours rounds to nearest even") {
    int wrong = 0;
    for (std::uint16_t a = 0; a < 0x7c00; ++a) {
        wrong += rounds_to_nearest_even(a, half_from_float, float_from_half) ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("half: the edges of its range") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(half_from_float(65504.0f) == 0x7bff);
    CHECK(half_from_float(next_down(65520.0f)) == 0x7bff);
    CHECK(half_from_float(65520.0f) == 0x7c00);
    CHECK(half_from_float(1e38f) == 0x7c00);
    CHECK(half_from_float(-infinity) == 0xfc00);
    CHECK(half_from_float(0x1p-24f) == 1);
    CHECK(half_from_float(0x1p-25f) == 0);
    CHECK(half_from_float(next_up(0x1p-25f)) == 1);
    CHECK(half_from_float(std::numeric_limits<float>::denorm_min()) == 0);
    CHECK(half_from_float(-0.0f) == 0x8000);
    CHECK(std::isnan(float_from_half(half_from_float(std::bit_cast<float>(0x7f800001U)))));
    static_assert(half_from_float(1.5f) == 0x3e00 && float_from_half(0x3e00) == 1.5f);
}

TEST_CASE("bfloat16: all 65536 survive the way to float and back, NaN payloads included") {
    int wrong = 0;
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        auto const bfloat16 = static_cast<std::uint16_t>(bits);
        wrong += bfloat16_from_float(float_from_bfloat16(bfloat16)) != bfloat16 ? 1 : 0;
    }
    CHECK(wrong == 0);
}

TEST_CASE("bfloat16: every border between two neighbours rounds to nearest even") {
    int wrong = 0;
    for (std::uint16_t a = 0; a < 0x7f80; ++a) {
        wrong += rounds_to_nearest_even(a, bfloat16_from_float, float_from_bfloat16) ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("bfloat16: the edges of its range") {
    CHECK(bfloat16_from_float(std::numeric_limits<float>::max()) == 0x7f80);
    CHECK(bfloat16_from_float(-std::numeric_limits<float>::infinity()) == 0xff80);
    CHECK(bfloat16_from_float(-0.0f) == 0x8000);
    CHECK(std::isnan(float_from_bfloat16(bfloat16_from_float(std::bit_cast<float>(0x7f800001U)))));
    CHECK(std::isnan(float_from_bfloat16(bfloat16_from_float(std::bit_cast<float>(0xffffffffU)))));
    static_assert(bfloat16_from_float(1.5f) == 0x3fc0 && float_from_bfloat16(0x3fc0) == 1.5f);
}

}  // namespace spikelet_test::half_test
