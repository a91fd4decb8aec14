// SPDX-License-Identifier: MIT
// Names in messages. They may come from a hostile file: any length, any bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace spikelet {

namespace detail {

/// How many bytes at the start of a text that is not empty make a control character: one of ASCII,
/// or of U+0080 to U+009F, which some terminals obey, too. 0: it begins with another.
constexpr std::size_t control_length(std::string_view text) {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x20 || byte(0) == 0x7f) { return 1; }
    return text.size() > 1 && byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0 ? 2 : 0;
}

inline void append_escaped(std::string& text, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    auto const byte = static_cast<unsigned char>(c);
    text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
}

}  // namespace detail

/// Whether a terminal might do something else with a text than show it.
[[nodiscard]] inline bool has_control_characters(std::string_view text) {
    for (; !text.empty(); text.remove_prefix(1)) {
        if (detail::control_length(text) > 0) { return true; }
    }
    return false;
}

/// 'name' for a message: control characters and quotes become `\xNN`, long names are cut, not
/// within a character.
[[nodiscard]] inline std::string quote(std::string_view name) {
    constexpr std::size_t longest = 120;
    std::string_view rest = name.substr(0, longest);
    auto const is_within_character = [&] {
        return rest.size() < name.size() &&
               (static_cast<unsigned char>(name[rest.size()]) & 0xc0) == 0x80;
    };
    for (int i = 0; i < 3 && is_within_character(); ++i) { rest.remove_suffix(1); }  // 4 at most
    std::string text = "'";
    text.reserve(rest.size() + 8);
    bool const is_whole = rest.size() == name.size();
    while (!rest.empty()) {
        bool const ends = rest.front() == '\'' || rest.front() == '\\';
        std::size_t const escaped = ends ? 1 : detail::control_length(rest);
        if (escaped == 0) { text += rest.front(); }
        for (char const c : rest.substr(0, escaped)) { detail::append_escaped(text, c); }
        rest.remove_prefix((std::max)(escaped, std::size_t{1}));
    }
    return text + (is_whole ? "'" : "...'");
}

}  // namespace spikelet
