// SPDX-License-Identifier: MIT
// A regular expression that cuts text into pieces (PCRE2, compiled to machine code if it can be).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

// PCRE2 has one header for texts of 8, 16 and 32 bits.
#if !defined(PCRE2_CODE_UNIT_WIDTH)
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include <spikelet/core/error.hpp>

namespace spikelet {

/// A compiled pattern. Threads may share one.
class TextPattern {
public:
    /// Throws Error if the pattern is none.
    explicit TextPattern(std::string const& pattern) {
        int error = 0;
        PCRE2_SIZE at = 0;
        constexpr auto options = PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK;
        code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                  options, &error, &at, nullptr));
        if (code_ == nullptr) { complain(error); }
        // Where machine code is not to be had, pcre2_match works without.
        static_cast<void>(pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE));
    }

    /// Calls f(piece) for each match from left to right, and for what lies between matches. `text`
    /// must be UTF-8. Throws Error if PCRE2 gives up.
    template <class F>
    void for_each_piece(std::string_view text, F&& f) const {
        std::unique_ptr<pcre2_match_data, Free> const match(
            pcre2_match_data_create_from_pattern(code_.get(), nullptr));
        if (match == nullptr) { complain(PCRE2_ERROR_NOMEMORY); }
        for (std::size_t begin = 0; begin < text.size();) {
            auto const [first, last] = next_match(text, begin, match.get());
            if (first > begin) { f(text.substr(begin, first - begin)); }
            if (last > first) { f(text.substr(first, last - first)); }
            begin = last;
        }
    }

private:
    struct Free {
        void operator()(pcre2_code* code) const { pcre2_code_free(code); }
        void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
    };
    struct Range {
        std::size_t first, last;
    };

    // An empty match takes nothing, and would never end: it counts as none.
    Range next_match(std::string_view text, std::size_t begin, pcre2_match_data* match) const {
        constexpr auto options = PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY;
        int const count = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                      text.size(), begin, options, match, nullptr);
        if (count == PCRE2_ERROR_NOMATCH) { return {text.size(), text.size()}; }
        if (count < 0) { complain(count); }
        PCRE2_SIZE const* const ends = pcre2_get_ovector_pointer(match);
        return {ends[0], ends[1]};
    }

    [[noreturn]] static void complain(int error) {
        std::array<PCRE2_UCHAR, 256> text{};
        pcre2_get_error_message(error, text.data(), text.size());
        fail("pattern", reinterpret_cast<char const*>(text.data()));
    }

    std::unique_ptr<pcre2_code, Free> code_;
};

}  // namespace spikelet
