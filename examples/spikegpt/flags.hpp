// SPDX-License-Identifier: MIT
// What the values of flags must be, in words that help whoever got one wrong.
#pragma once

#include <array>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <spikelet/core/extents.hpp>
#include <spikelet/core/named.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/models/spikegpt_config.hpp>

namespace spikegpt {

/// Accepts what reads as a T from low to high; NaN does not.
template <class T>
CLI::Validator between(T low, T high, std::string_view kind) {
    auto const check = [=](std::string const& text) -> std::string {
        // What CLI11 makes of it would be octal.
        if (std::is_integral_v<T> && text.size() > 1 && text.front() == '0') {
            return fmt::format("{} begins with a zero", spikelet::quote(text));
        }
        T value{};
        char const* const end = text.data() + text.size();
        auto const [rest, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc{} && rest == end && value >= low && value <= high) { return {}; }
        return fmt::format("{} is not {} from {} to {}", spikelet::quote(text), kind, low, high);
    };
    return {check, "", ""};
}

/// Accepts a whole number from low to high.
inline CLI::Validator whole(spikelet::index low, spikelet::index high) {
    return between(low, high, "a whole number");
}

/// Accepts a number from low to high.
inline CLI::Validator number(double low, double high) { return between(low, high, "a number"); }

/// Accepts the names in a table of the library.
template <class Table>
CLI::Validator one_of(Table const& table) {
    std::string const names = spikelet::detail::names_of(table);
    auto const check = [&table, names](std::string const& text) -> std::string {
        if (spikelet::detail::entry_named(table, text) != nullptr) { return {}; }
        return fmt::format("{} is not one of {}", spikelet::quote(text), names);
    };
    return {check, names, ""};
}

/// A name and what it stands for.
struct Choice {
    std::string_view name;
};
inline constexpr std::array<Choice, 2> switches{{{"on"}, {"off"}}};

/// Accepts the names of sizes, and says what they stand for.
inline CLI::Validator size_name() {
    std::string meaning;
    for (auto const& size : spikelet::named_sizes) {
        meaning += fmt::format("{}{} {}x{}", meaning.empty() ? "" : ", ", size.name, size.layers,
                               size.channels);
    }
    return one_of(spikelet::named_sizes).description(meaning);
}

/// Accepts these names and whatever is a file.
template <class... Names>
CLI::Validator vocabulary_name(Names... names) {
    std::string known;
    ((known += std::string(names) + ", "), ...);
    auto const check = [=](std::string const& text) -> std::string {
        std::error_code unknown;  // as of a name that is too long: then there is no such file
        if (((text == names) || ...) || std::filesystem::exists(text, unknown)) { return {}; }
        return fmt::format("{} is not one of {}nor a file", spikelet::quote(text), known);
    };
    return {check, known + "FILE", ""};
}

/// Accepts names of files that end in one of these ways. Keeps a slip of the fingers from replacing
/// a file of another kind, and from making one that other programs take for something else.
inline CLI::Validator file_name(std::vector<std::string_view> const& endings) {
    auto const check = [=](std::string const& text) -> std::string {
        for (auto const ending : endings) {
            if (text.ends_with(ending)) { return {}; }
        }
        return fmt::format("{} does not end with {}", spikelet::quote(text),
                           fmt::join(endings, " or "));
    };
    return {check, "", ""};
}

/// Accepts any text but an empty one.
inline CLI::Validator some_text() {
    auto const check = [](std::string const& text) -> std::string {
        return text.empty() ? "the text must not be empty" : "";
    };
    return {check, "", ""};
}

/// Accepts any text; for tables of flags in which every flag has a check.
inline CLI::Validator anything() {
    return {[](std::string const&) { return std::string(); }, "", ""};
}

}  // namespace spikegpt
