// SPDX-License-Identifier: MIT
// JSON scalars as text: how a configuration's values are written, read back and complained about.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/metadata.hpp>
#include <spikelet/core/named.hpp>
#include <spikelet/core/quote.hpp>

namespace spikelet::detail {

/// The shortest decimals that read back as x, with a point or an exponent.
inline std::string scalar_text(double x) {
    if (std::isinf(x)) { return x > 0 ? "Infinity" : "-Infinity"; }
    std::array<char, 32> digits{};
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr;
    std::string const text(digits.data(), end);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

// Constrained, since text in quotes would rather become a bool than a string_view.
inline std::string scalar_text(std::same_as<bool> auto x) { return x ? "true" : "false"; }
inline std::string scalar_text(std::string_view x) { return "\"" + std::string(x) + "\""; }

/// Numbers that make sense somewhere, and how a message says so.
struct NumberRange {
    double low;
    double high;
    std::string_view words;
};

inline constexpr double smallest = (std::numeric_limits<double>::min)();
inline constexpr double largest = (std::numeric_limits<double>::max)();
inline constexpr double infinite = std::numeric_limits<double>::infinity();
inline constexpr NumberRange any_number{-largest, largest, "a number"};
inline constexpr NumberRange above_zero{smallest, largest, "a number above 0"};
inline constexpr NumberRange time_constant{1.0, infinite, "a number of at least 1, or Infinity"};
inline constexpr NumberRange part_of_one{0.0, 0x1.fffffffffffffp-1, "a number from 0 to below 1"};

/// Reads scalars by key. Members that read throw Error, which names the key.
class ScalarReader {
public:
    explicit ScalarReader(Metadata const& texts) : texts_(&texts) {}

    [[noreturn]] void complain(std::string_view key, std::string_view expected) const {
        std::string const found = has(key) ? "is " + text(key).substr(0, 60) : "is missing";
        fail("metadata", quote(key) + " " + found + ", expected " + std::string(expected));
    }

    [[nodiscard]] bool has(std::string_view key) const { return texts_->contains(key); }

    [[nodiscard]] std::string text(std::string_view key) const {
        auto const found = texts_->find(key);
        return found == texts_->end() ? "" : found->second;
    }

    /// A whole number from `low` to `high`.
    [[nodiscard]] index whole(std::string_view key, index low, index high) const {
        index value = 0;
        if (!parse(text(key), value) || value < low || value > high) {
            complain(key,
                     "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
        }
        return value;
    }

    /// A size from 1 to `most`.
    [[nodiscard]] index size(std::string_view key, index most) const { return whole(key, 1, most); }

    /// The number at the key, or `otherwise` if it is not there.
    [[nodiscard]] double number(std::string_view key, double otherwise, NumberRange range) const {
        double value = otherwise;
        if (has(key) &&
            (!parse(text(key), value) || !(value >= range.low && value <= range.high))) {
            complain(key, range.words);
        }
        return value;
    }

    [[nodiscard]] bool truth(std::string_view key, bool otherwise) const {
        bool const yes = text(key) == "true";
        if (has(key) && !yes && text(key) != "false") { complain(key, "true or false"); }
        return has(key) ? yes : otherwise;
    }

    /// What `table` has under the name at the key, or `otherwise` if the key is not there.
    template <class Table, class Value, class Entry>
    [[nodiscard]] Value choice(std::string_view key, Table const& table, Value Entry::*value,
                               Value otherwise) const {
        std::string_view const found = without_quotes(key);
        if (auto const* const entry = entry_named(table, found)) { return entry->*value; }
        if (has(key)) { complain(key, names_of(table, "\"")); }
        return otherwise;
    }

private:
    // What is between the quotes of the text at the key; empty where there are none.
    [[nodiscard]] std::string_view without_quotes(std::string_view key) const {
        auto const found = texts_->find(key);
        if (found == texts_->end()) { return {}; }
        std::string_view const text = found->second;
        bool const quoted = text.size() > 1 && text.front() == '"' && text.back() == '"';
        return quoted ? text.substr(1, text.size() - 2) : std::string_view{};
    }

    template <class T>
    static bool parse(std::string const& text, T& value) {
        auto const result = std::from_chars(text.data(), text.data() + text.size(), value);
        return result.ec == std::errc{} && result.ptr == text.data() + text.size();
    }

    Metadata const* texts_;
};

}  // namespace spikelet::detail
