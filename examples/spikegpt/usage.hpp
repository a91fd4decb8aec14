// SPDX-License-Identifier: MIT
// What to say when flags are wrong: the words of --help, and where to find it.
#pragma once

#include <string>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "help.hpp"

namespace spikegpt {

/// The subcommand that was chosen, or the program itself.
inline CLI::App const& chosen_app(CLI::App const& program) {
    auto const chosen = program.get_subcommands();
    return chosen.empty() ? program : chosen_app(*chosen.front());
}

/// "classify train " for a subcommand of a subcommand, nothing for the program.
inline std::string words_of(CLI::App const& app) {
    auto const* const above = app.get_parent();
    return above == nullptr ? "" : words_of(*above) + app.get_name() + " ";
}

/// The words that no flag takes, in the order in which they were given.
inline std::string unexpected_words(CLI::App const& program) {
    std::string words;
    for (std::string const& word : program.remaining(true)) { words += " " + word; }
    return "not expected:" + words;
}

/// CLI11 begins such a message with the flag, and has words of its own for the value.
inline std::string missing_value(CLI::App const& app, std::string const& message) {
    std::string const name = message.substr(0, message.find(':'));
    auto const* const flag = app.get_option_no_throw(name);
    return flag == nullptr
               ? message
               : fmt::format("{0} needs a value: {0} {1}", name, HelpFormatter::value_name(*flag));
}

/// One line that tells what is wrong with the flags and who knows better.
inline std::string usage_message(CLI::App const& program, CLI::ParseError const& error) {
    CLI::App const& app = chosen_app(program);
    std::string message = error.what();
    if (dynamic_cast<CLI::ExtrasError const*>(&error) != nullptr) {
        message = unexpected_words(program);
    } else if (dynamic_cast<CLI::ArgumentMismatch const*>(&error) != nullptr) {
        message = missing_value(app, message);
    }
    return fmt::format("usage: {}; see spikegpt {}--help", message, words_of(app));
}

}  // namespace spikegpt
