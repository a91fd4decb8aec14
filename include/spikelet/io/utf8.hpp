// SPDX-License-Identifier: MIT
// UTF-8: decode, check, encode, and put together what a model says byte by byte.
// A broken sequence stands for one U+FFFD per "maximal subpart" (Unicode 15, section 3.9), which is
// what web browsers and errors="replace" of Python do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <spikelet/core/error.hpp>

namespace spikelet {

/// Stands for what cannot be decoded.
inline constexpr char32_t replacement_character = 0xfffd;

/// How a sequence ended: whole, in a byte that does not belong to it, or in the end of the text.
enum class Utf8Ending : std::uint8_t { complete, broken, unfinished };

/// The first sequence of a text: its code point (U+FFFD unless complete) and its length in bytes.
struct Utf8Sequence {
    /// U+FFFD unless complete.
    char32_t code_point = replacement_character;
    std::size_t length = 0;                      ///< in bytes
    Utf8Ending ending = Utf8Ending::unfinished;  ///< how it ended
};

/// Decodes the first sequence. An empty text is unfinished and takes no bytes.
[[nodiscard]] constexpr Utf8Sequence first_utf8(std::string_view text) {
    if (text.empty()) { return {}; }
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned const lead = byte(0);
    if (lead < 0x80) { return {lead, 1, Utf8Ending::complete}; }
    if (lead < 0xc2 || lead > 0xf4) { return {replacement_character, 1, Utf8Ending::broken}; }

    std::size_t const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    // The second byte of some leads is limited: no overlong forms, surrogates, or above U+10FFFF.
    unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    char32_t code_point = lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if (i == text.size()) { return {replacement_character, i, Utf8Ending::unfinished}; }
        if (byte(i) < low || byte(i) > high) {
            return {replacement_character, i, Utf8Ending::broken};
        }
        code_point = (code_point << 6) | (byte(i) & 0x3fU);
        low = 0x80;
        high = 0xbf;
    }
    return {code_point, length, Utf8Ending::complete};
}

/// Calls `f(code_point)` for each sequence, U+FFFD for what is not valid.
template <class F>
constexpr void for_each_code_point(std::string_view text, F&& f) {
    while (!text.empty()) {
        Utf8Sequence const sequence = first_utf8(text);
        f(sequence.code_point);
        text.remove_prefix(sequence.length);
    }
}

/// How many bytes at the start of `text` are valid; all of them if it is valid throughout.
[[nodiscard]] constexpr std::size_t valid_utf8_prefix(std::string_view text) {
    std::size_t valid = 0;
    while (valid < text.size()) {
        Utf8Sequence const sequence = first_utf8(text.substr(valid));
        if (sequence.ending != Utf8Ending::complete) { break; }
        valid += sequence.length;
    }
    return valid;
}

/// How many bytes at the end of `text` begin a sequence that does not end there.
[[nodiscard]] constexpr std::size_t unfinished_utf8_suffix(std::string_view text) {
    for (std::size_t length = 1; length <= 3 && length <= text.size(); ++length) {
        std::string_view const suffix = text.substr(text.size() - length);
        if ((static_cast<unsigned char>(suffix.front()) & 0xc0) == 0x80) { continue; }
        Utf8Sequence const sequence = first_utf8(suffix);
        bool const unfinished =
            sequence.ending == Utf8Ending::unfinished && sequence.length == length;
        return unfinished ? length : 0;
    }
    return 0;
}

/// Throws Error, naming the byte, unless `text` is valid. `offset` is where in `where` it starts.
inline void check_utf8(std::string_view where, std::string_view text, std::size_t offset = 0) {
    std::size_t const valid = valid_utf8_prefix(text);
    if (valid < text.size()) {
        fail(where, "byte " + std::to_string(offset + valid) + " (value " +
                        std::to_string(static_cast<unsigned char>(text[valid])) +
                        ") is not valid UTF-8");
    }
}

/// Appends a code point; U+FFFD for a surrogate or a number above U+10FFFF.
inline void append_utf8(std::string& text, char32_t code_point) {
    bool const surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    char32_t const c = surrogate || code_point > 0x10ffff ? replacement_character : code_point;
    auto put = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
    auto put_rest = [&](int shift) { put(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0 | (c >> 6));
        put_rest(0);
    } else if (c < 0x10000) {
        put(0xe0 | (c >> 12));
        put_rest(6);
        put_rest(0);
    } else {
        put(0xf0 | (c >> 18));
        put_rest(12);
        put_rest(6);
        put_rest(0);
    }
}

/// Makes valid text of bytes that arrive in any portions, for example one token after another: an
/// unfinished sequence waits for its rest, a broken one becomes U+FFFD.
///
///     Utf8Stream out;
///     std::cout << out.push("\xc3") << out.push("\xa4") << out.flush();   // ä
class Utf8Stream {
public:
    /// The text that is certain after these bytes.
    [[nodiscard]] std::string push(std::string_view bytes) {
        held_ += bytes;
        std::string text;
        std::string_view rest = held_;
        Utf8Sequence sequence = first_utf8(rest);
        while (sequence.ending != Utf8Ending::unfinished) {
            append_utf8(text, sequence.code_point);
            rest.remove_prefix(sequence.length);
            sequence = first_utf8(rest);
        }
        held_.erase(0, held_.size() - rest.size());
        return text;
    }

    /// The end: U+FFFD if a sequence was still waiting.
    [[nodiscard]] std::string flush() {
        std::string text;
        if (!held_.empty()) { append_utf8(text, replacement_character); }
        held_.clear();
        return text;
    }

private:
    std::string held_;
};

}  // namespace spikelet
