// SPDX-License-Identifier: MIT
// Broken copies of files that still look like one, but for a number.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <spikelet/core/rng.hpp>

namespace spikelet_test::fuzz {

inline constexpr std::array<std::string_view, 6> absurd_digits{
    "0", "-1", "4294967296", "9223372036854775807", "1e308", "99999999999999999999999"};

/// The place of the next digits at or behind `at`, and how many there are; none at the end.
inline std::pair<std::size_t, std::size_t> next_digits(std::string_view file, std::size_t at) {
    constexpr std::string_view all = "0123456789";
    std::size_t const first = (std::min)(file.find_first_of(all, at), file.size());
    std::size_t const last = (std::min)(file.find_first_not_of(all, first), file.size());
    return {first, last - first};
}

/// The file with other digits. A safetensors header stays as long as its first 8 bytes say.
inline std::string with_digits(std::string file, std::size_t at, std::size_t count,
                               std::string_view digits) {
    std::uint64_t length = 0;
    bool has_header = file.size() > sizeof(length) && file[sizeof(length)] == '{';
    if (has_header) {
        file.copy(reinterpret_cast<char*>(&length), sizeof(length));
        has_header = length <= file.size() - sizeof(length);
    }
    file.replace(at, count, digits);
    if (has_header && at > sizeof(length) && at - sizeof(length) < length) {
        length += digits.size() - count;
        file.replace(0, sizeof(length), reinterpret_cast<char const*>(&length), sizeof(length));
    }
    return file;
}

/// A number of the file becomes one that no file has: as bytes, or as digits where it has digits.
inline std::string with_absurd_number(std::string file, spikelet::Rng& rng) {
    constexpr std::array<std::uint64_t, 6> bytes{0,          1,          0xff,
                                                 0x7fffffff, 0xffffffff, 0x7fffffffffffffff};
    auto const at = static_cast<std::size_t>(rng.below(std::ssize(file)));
    auto const [first, count] = next_digits(file, at);
    if (rng.below(2) == 0 && count > 0) {
        auto const digits = absurd_digits[static_cast<std::size_t>(rng.below(6))];
        return with_digits(std::move(file), first, count, digits);
    }
    std::uint64_t const number = bytes[static_cast<std::size_t>(rng.below(6))];
    std::size_t const width = std::min(std::size_t{1} << rng.below(4), file.size() - at);
    file.replace(at, width, reinterpret_cast<char const*>(&number), width);
    return file;
}

/// Calls f(copy, at) for every number that has digits, at the byte `at`, and every absurd one that
/// it can be instead.
template <class F>
void each_absurd_number(std::string const& file, F&& f) {
    for (auto [at, count] = next_digits(file, 0); count > 0;
         std::tie(at, count) = next_digits(file, at + count)) {
        for (std::string_view const digits : absurd_digits) {
            f(with_digits(file, at, count, digits), at);
        }
    }
}

}  // namespace spikelet_test::fuzz
