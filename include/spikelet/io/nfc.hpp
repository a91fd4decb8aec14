// SPDX-License-Identifier: MIT
// Unicode's normalisation form C (Unicode standard annex 15), by utf8proc: a letter and its accents
// become one character where there is one.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <utf8proc.h>

#include <spikelet/core/error.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikelet {

namespace detail {

// Characters below this one stay as they are, and go together with none before them.
inline constexpr char32_t first_combining = 0x300;

// Bytes at the start of `text`, which is UTF-8, up to the first that may be of such a character.
inline std::size_t plain_prefix(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size() && static_cast<unsigned char>(text[i]) < 0xcc) { ++i; }
    return i;
}

inline void append_nfc(std::string& to, std::string_view text) {
    struct Free {
        void operator()(utf8proc_uint8_t* memory) const { std::free(memory); }
    };
    utf8proc_uint8_t* made = nullptr;
    utf8proc_ssize_t const length =
        utf8proc_map(reinterpret_cast<utf8proc_uint8_t const*>(text.data()),
                     static_cast<utf8proc_ssize_t>(text.size()), &made,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    std::unique_ptr<utf8proc_uint8_t, Free> const owner(made);
    if (length < 0) { fail("normalisation", utf8proc_errmsg(length)); }
    to.append(reinterpret_cast<char const*>(made), static_cast<std::size_t>(length));
}

// Where the last sequence of `text`, which is UTF-8 and not empty, begins.
inline std::size_t last_sequence(std::string_view text) {
    std::size_t i = text.size() - 1;
    while (i > 0 && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) { --i; }
    return i;
}

// Where the first plain character of `text` is, or its end.
inline std::size_t combining_prefix(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        Utf8Sequence const sequence = first_utf8(text.substr(i));
        if (sequence.code_point < first_combining) { break; }
        i += sequence.length;
    }
    return i;
}

}  // namespace detail

/// `text`, which must be UTF-8, in form C: itself, or what is made of it in `memory`.
[[nodiscard]] inline std::string_view to_nfc(std::string_view text, std::string& memory) {
    std::size_t plain = detail::plain_prefix(text);
    if (plain == text.size()) { return text; }
    memory.clear();
    for (; !text.empty(); plain = detail::plain_prefix(text)) {
        // What comes first may go together with the last of the plain ones.
        std::size_t const begin = plain == 0 || plain == text.size()
                                      ? plain
                                      : detail::last_sequence(text.substr(0, plain));
        memory += text.substr(0, begin);
        std::size_t const end = plain + detail::combining_prefix(text.substr(plain));
        if (end > begin) { detail::append_nfc(memory, text.substr(begin, end - begin)); }
        text.remove_prefix(end);
    }
    return memory;
}

}  // namespace spikelet
