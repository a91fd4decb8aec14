// SPDX-License-Identifier: MIT
// Unicode's normalisation form C (Unicode standard annex 15), by utf8proc: a letter and its accents
// become one character where there is one.
#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

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

// Puts marks that follow one another in the order of their classes. utf8proc does it, too, but by
// n^2 swaps, and a text may be nothing but marks.
inline void sort_marks(std::vector<utf8proc_int32_t>& characters) {
    auto const class_of = [](utf8proc_int32_t c) {
        return utf8proc_get_property(c)->combining_class;
    };
    auto const is_mark = [&](utf8proc_int32_t c) { return class_of(c) != 0; };
    for (auto last = characters.begin(); last != characters.end();) {
        auto const first = std::find_if(last, characters.end(), is_mark);
        last = std::find_if_not(first, characters.end(), is_mark);
        if (last - first > 1) { std::ranges::stable_sort(first, last, {}, class_of); }
    }
}

inline void append_nfc(std::string& to, std::string_view text) {
    constexpr auto form_c = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    std::vector<utf8proc_int32_t> characters;
    for_each_code_point(text, [&](char32_t c) {
        std::array<utf8proc_int32_t, 8> parts{};  // in Unicode at most four
        int unused = 0;
        auto const count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(),
                                                   std::ssize(parts), form_c, &unused);
        if (count < 0 || count > std::ssize(parts)) { fail("normalisation", "damaged tables"); }
        characters.insert(characters.end(), parts.begin(), parts.begin() + count);
    });
    sort_marks(characters);
    auto const length = utf8proc_normalize_utf32(characters.data(), std::ssize(characters), form_c);
    if (length < 0) { fail("normalisation", utf8proc_errmsg(length)); }
    characters.resize(static_cast<std::size_t>(length));
    for (utf8proc_int32_t const c : characters) { append_utf8(to, static_cast<char32_t>(c)); }
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
