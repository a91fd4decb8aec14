// SPDX-License-Identifier: MIT
// The two 16-bit floating-point types of checkpoints, as their bits.
//   half      IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits
//   bfloat16  the upper half of a float: 1 sign, 8 exponent (bias 127), 7 fraction bits
// Widening is exact. Narrowing rounds to nearest, ties to even; a NaN keeps what fits of it.
#pragma once

#include <bit>
#include <cstdint>

namespace spikelet {

namespace detail {

/// bits / 2^shift, rounded to nearest, ties to even.
[[nodiscard]] constexpr std::uint32_t round_shift(std::uint32_t bits, std::uint32_t shift) {
    std::uint32_t const odd = (bits >> shift) & 1;
    return (bits + (std::uint32_t{1} << (shift - 1)) - 1 + odd) >> shift;
}

}  // namespace detail

/// The bits of the half nearest to `value`; from 65520 on that is infinity.
[[nodiscard]] constexpr std::uint16_t half_from_float(float value) {
    auto const bits = std::bit_cast<std::uint32_t>(value);
    std::uint32_t const sign = (bits >> 16) & 0x8000;
    std::uint32_t const magnitude = bits & 0x7fffffff;
    std::uint32_t const exponent = magnitude >> 23;
    std::uint32_t result = 0;  // below 2^-25
    if (magnitude > 0x7f800000) {
        std::uint32_t const payload = (magnitude >> 13) & 0x3ff;
        result = 0x7c00 | (payload != 0 ? payload : 0x200);
    } else if (exponent >= 127 + 16) {
        result = 0x7c00;
    } else if (exponent >= 127 - 14) {
        result = detail::round_shift(magnitude - ((127 - 15) << 23), 13);
    } else if (exponent >= 127 - 25) {  // a multiple of 2^-24, the smallest half
        result = detail::round_shift((magnitude & 0x7fffff) | 0x800000, 127 - 1 - exponent);
    }
    return static_cast<std::uint16_t>(sign | result);
}

/// The value of a half.
[[nodiscard]] constexpr float float_from_half(std::uint16_t half) {
    std::uint32_t const sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
    std::uint32_t const magnitude = half & 0x7fff;
    std::uint32_t bits = 0;
    if (magnitude >= 0x7c00) {
        bits = 0x7f800000 | (magnitude & 0x3ff) << 13;
    } else if (magnitude >= 0x0400) {
        bits = (magnitude << 13) + ((127 - 15) << 23);
    } else {
        bits = std::bit_cast<std::uint32_t>(static_cast<float>(magnitude) * 0x1p-24f);
    }
    return std::bit_cast<float>(sign | bits);
}

/// The bits of the bfloat16 nearest to `value`.
[[nodiscard]] constexpr std::uint16_t bfloat16_from_float(float value) {
    auto const bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffff) > 0x7f800000) {
        bool const vanishes = (bits & 0x007f0000) == 0;
        return static_cast<std::uint16_t>((bits >> 16) | (vanishes ? 0x40U : 0U));
    }
    return static_cast<std::uint16_t>(detail::round_shift(bits, 16));
}

/// The value of a bfloat16.
[[nodiscard]] constexpr float float_from_bfloat16(std::uint16_t bfloat16) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bfloat16) << 16);
}

}  // namespace spikelet
