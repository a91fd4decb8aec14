// SPDX-License-Identifier: MIT
// Broken copies of files that still look like one, but for a number.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <spikelet/core/rng.hpp>

namespace spikelet_test::fuzz {

/// A number of the file becomes one that no file has: as bytes, or as digits where it has digits.
inline std::string with_absurd_number(std::string file, spikelet::Rng& rng) {
    constexpr std::array<std::uint64_t, 6> bytes{0,          1,          0xff,
                                                 0x7fffffff, 0xffffffff, 0x7fffffffffffffff};
    constexpr std::array<std::string_view, 6> digits{
        "0", "-1", "4294967296", "9223372036854775807", "1e308", "99999999999999999999999"};
    auto const at = static_cast<std::size_t>(rng.below(std::ssize(file)));
    auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
    auto const first =
        std::find_if(file.begin() + static_cast<std::ptrdiff_t>(at), file.end(), is_digit);
    if (rng.below(2) == 0 && first != file.end()) {
        auto const last = std::find_if_not(first, file.end(), is_digit);
        file.replace(first, last, digits[static_cast<std::size_t>(rng.below(6))]);
    } else {
        std::uint64_t const number = bytes[static_cast<std::size_t>(rng.below(6))];
        std::size_t const width = std::min(std::size_t{1} << rng.below(4), file.size() - at);
        file.replace(at, width, reinterpret_cast<char const*>(&number), width);
    }
    return file;
}

}  // namespace spikelet_test::fuzz
