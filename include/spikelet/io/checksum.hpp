// SPDX-License-Identifier: MIT
// A checksum against accidents, not against people.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace spikelet {

/// As fast as memory, of bytes in any portions. Words of 8 bytes go in turn to eight running sums,
/// h = rotate(h xor word) * odd; at the end the sums and the length are put together. Every step
/// can be undone, so a change within one word never goes unnoticed, and any other change with a
/// chance of about 2^-64.
class Checksum {
public:
    /// Goes on with these bytes; how they are cut into calls does not matter.
    void add(std::span<std::byte const> bytes) {
        length_ += bytes.size();
        if (held_ > 0) { bytes = bytes.subspan(hold(bytes)); }
        std::size_t const whole = bytes.size() / block;
        mix(bytes.data(), whole);
        bytes = bytes.subspan(whole * block);
        if (!bytes.empty()) { hold(bytes); }
    }
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

    /// The checksum of all bytes so far.
    [[nodiscard]] std::uint64_t value() const {
        Checksum last = *this;
        if (held_ > 0) {
            std::memset(last.rest_.data() + held_, 0, block - held_);
            last.mix(last.rest_.data(), 1);
        }
        std::uint64_t sum = length_;
        for (std::uint64_t const lane : last.lanes_) { sum = std::rotl(sum ^ lane, 29) * odd; }
        return sum ^ (sum >> 32);
    }

    /// The value as 16 hexadecimal digits.
    [[nodiscard]] std::string text() const {
        constexpr std::string_view digits = "0123456789abcdef";
        std::uint64_t const sum = value();
        std::string written;
        for (int shift = 60; shift >= 0; shift -= 4) { written += digits[sum >> shift & 15]; }
        return written;
    }

private:
    static constexpr std::size_t block = 64;
    static constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;

    // Keeps what does not make a block yet; returns how many bytes it took.
    std::size_t hold(std::span<std::byte const> bytes) {
        std::size_t const taken = (std::min)(bytes.size(), block - held_);
        std::memcpy(rest_.data() + held_, bytes.data(), taken);
        held_ += taken;
        if (held_ == block) {
            mix(rest_.data(), 1);
            held_ = 0;
        }
        return taken;
    }

    void mix(std::byte const* bytes, std::size_t blocks) {
        std::array lanes = lanes_;  // in registers: any byte could be part of lanes_
        for (std::size_t k = 0; k < blocks; ++k) {
            std::array<std::uint64_t, block / 8> words{};
            std::memcpy(words.data(), bytes + k * block, block);
            // Written out, since g++ -O2 would keep lanes in memory for a loop.
            [&]<std::size_t... Is>(std::index_sequence<Is...>) {
                ((lanes[Is] = std::rotl(lanes[Is] ^ words[Is], 29) * odd), ...);
            }
            (std::make_index_sequence<block / 8>{});
        }
        lanes_ = lanes;
    }

    std::array<std::uint64_t, block / 8> lanes_{1, 2, 3, 4, 5, 6, 7, 8};
    std::array<std::byte, block> rest_{};
    std::size_t held_ = 0;
    std::uint64_t length_ = 0;
};

}  // namespace spikelet
