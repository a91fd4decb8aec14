// SPDX-License-Identifier: MIT
// A checksum against accidents, not against people: FNV-1a with 64 bits (Fowler, Noll, Vo;
// draft-eastlake-fnv).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace spikelet {

/// Takes bytes in any portions.
class Checksum {
public:
    constexpr void add(std::span<std::byte const> bytes) {
        for (std::byte const b : bytes) {
            value_ = (value_ ^ static_cast<std::uint64_t>(b)) * 0x100000001b3;
        }
    }
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

    [[nodiscard]] constexpr std::uint64_t value() const { return value_; }

    /// The value as 16 hexadecimal digits.
    [[nodiscard]] std::string text() const {
        constexpr std::string_view digits = "0123456789abcdef";
        std::string text;
        for (int shift = 60; shift >= 0; shift -= 4) { text += digits[value_ >> shift & 15]; }
        return text;
    }

private:
    std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace spikelet
