// SPDX-License-Identifier: MIT
// Bytes written as characters, as files of byte-level BPE have them (GPT-2, Radford et al. 2019): a
// byte that prints in Latin-1 is that character, the others in ascending order are U+0100, U+0101
// and so on. A space is U+0120, a newline U+010A.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <spikelet/io/utf8.hpp>

namespace spikelet {

/// The character of a byte.
[[nodiscard]] constexpr char32_t character_of_byte(unsigned char byte) {
    auto const prints = [](unsigned b) {
        return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xff && b != 0xad);
    };
    if (prints(byte)) { return byte; }
    char32_t rank = 0;
    for (unsigned b = 0; b < byte; ++b) { rank += prints(b) ? 0U : 1U; }
    return 0x100 + rank;
}

namespace detail {

// By character: its byte, or -1.
constexpr std::array<std::int16_t, 0x144> bytes_of_characters() {
    std::array<std::int16_t, 0x144> table{};
    table.fill(-1);
    for (unsigned b = 0; b < 256; ++b) {
        table[character_of_byte(static_cast<unsigned char>(b))] = static_cast<std::int16_t>(b);
    }
    return table;
}

}  // namespace detail

/// Bytes as text of that alphabet.
[[nodiscard]] inline std::string bytes_as_characters(std::string_view bytes) {
    std::string text;
    for (char const c : bytes) {
        append_utf8(text, character_of_byte(static_cast<unsigned char>(c)));
    }
    return text;
}

/// The bytes that a text of that alphabet stands for; nothing if it has another character.
[[nodiscard]] inline std::optional<std::string> bytes_from_characters(std::string_view text) {
    static constexpr auto table = detail::bytes_of_characters();
    std::string bytes;
    bool known = true;
    for_each_code_point(text, [&](char32_t c) {
        bool const found = c < table.size() && table[c] >= 0;
        if (found) { bytes += static_cast<char>(static_cast<unsigned char>(table[c])); }
        known = known && found;
    });
    return known ? std::optional(bytes) : std::nullopt;
}

}  // namespace spikelet
