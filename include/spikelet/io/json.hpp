// SPDX-License-Identifier: MIT
// Parses JSON that may come from a hostile file. nlohmann copies, compares and prints values by
// recursion, so deep nesting is refused before there is a value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <spikelet/core/error.hpp>

namespace spikelet {

/// Lists and objects within each other that are read; honest files have fewer than ten.
inline constexpr std::size_t most_json_depth = 64;

namespace detail {

// Whether lists and objects are within each other more often than that. Exact for JSON; in other
// text a parser comes no deeper before it stops.
inline bool is_nested_too_deeply(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (in_string) {
            i += c == '\\' ? 1 : 0;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > most_json_depth) { return true; }
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

}  // namespace detail

/// The value of a text, `is_discarded()` if that is no JSON. Throws Error, beginning with `where`,
/// if it is nested more than `most_json_depth` deep.
template <class Json = nlohmann::json>
[[nodiscard]] Json parse_json(std::string_view where, std::string_view text) {
    if (detail::is_nested_too_deeply(text)) {
        fail(where, "its JSON is nested more than " + std::to_string(most_json_depth) + " deep");
    }
    return Json::parse(text, nullptr, false);
}

}  // namespace spikelet
