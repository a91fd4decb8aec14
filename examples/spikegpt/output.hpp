// SPDX-License-Identifier: MIT
// Where a command speaks: to people on standard output. With --json that is for a program, which
// gets one JSON object as its last line, and people are spoken to on standard error.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/core.h>
#include <spikelet/core/error.hpp>

#include "json.hpp"

namespace spikegpt {

class Output {
public:
    explicit Output(bool json) : json_(json) {}

    /// A line for people.
    template <class... Args>
    void say(fmt::format_string<Args...> text, Args&&... args) const {
        write(fmt::format(text, std::forward<Args>(args)...) + "\n");
    }

    /// Text for people, seen at once. Throws Error, for example when a disk is full.
    void write(std::string_view text) const { write(text, json_ ? stderr : stdout); }

    /// The result for a program, if one listens.
    void result(Json const& result) const {
        if (json_) { line(result); }
    }

    /// An object for a program, in a line of standard output.
    void line(Json const& object) const {
        std::string const text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
        write(text + "\n", stdout);
    }

private:
    static void write(std::string_view text, std::FILE* file) {
        bool const whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
        if (!whole || std::fflush(file) != 0) {
            bool const is_error = file == stderr;
            spikelet::fail("output", fmt::format("cannot write to standard {}",
                                                 is_error ? "error" : "output"));
        }
    }

    bool json_;
};

/// A number for a program, null where there is none.
inline Json number_or_null(std::optional<double> const& number) {
    return number ? Json(*number) : Json();
}

/// A number of things for people: "1 step", "2 steps".
inline std::string counted(long count, std::string_view thing) {
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

/// What is said of texts that have more ids than are read of one.
inline std::string cut_text(long texts, long ctx) {
    return fmt::format("{} longer than {}, of which the start is read", counted(texts, "text"),
                       counted(ctx, "id"));
}

/// A word as a shell reads it back, in quotes if it needs them.
inline std::string shell_word(std::string const& word) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+:,@%=";
    if (!word.empty() && word.find_first_not_of(plain) == word.npos) { return word; }
    std::string quoted;
    for (char const c : word) { quoted += c == '\'' ? "'\\''" : std::string(1, c); }
    return "'" + quoted + "'";
}

/// A number of bytes for people: "1.5 GiB".
inline std::string bytes_text(double bytes) {
    constexpr std::string_view names[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t i = 0;
    // What would read as 1024.0 is one of the next unit.
    for (; bytes >= 1023.95 && i + 1 < std::size(names); ++i) { bytes /= 1024; }
    return fmt::format("{:.{}f} {}", bytes, i == 0 ? 0 : 1, names[i]);
}

/// A large number for people: "41.23 M".
inline std::string count_text(double count) {
    constexpr std::string_view names[] = {"", " k", " M", " G", " T"};
    if (count < 1e4) { return fmt::format("{:.0f}", count); }
    std::size_t i = 0;
    for (; count >= 999.5 && i + 1 < std::size(names); ++i) { count /= 1000; }
    return fmt::format("{:.{}f}{}", count, i, names[i]);
}

/// A duration for people: "1:02:03" or "2:03".
inline std::string duration_text(double seconds) {
    auto const s = static_cast<long>(seconds + 0.5);
    return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60)
                    : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

/// The same with few digits: "12k".
inline std::string short_count_text(double count) {
    constexpr std::string_view names[] = {"", "k", "M", "G", "T"};
    std::size_t i = 0;
    for (; count >= 999.5 && i + 1 < std::size(names); ++i) { count /= 1000; }
    return fmt::format("{:.{}f}{}", count, i > 0 && count < 9.95 ? 1 : 0, names[i]);
}

/// The same with few letters: "12:34" or "1h02m".
inline std::string short_duration_text(double seconds) {
    auto const minutes = static_cast<long>(seconds / 60 + 0.5);
    return minutes < 60 ? duration_text(seconds)
                        : fmt::format("{}h{:02}m", minutes / 60, minutes % 60);
}

}  // namespace spikegpt
