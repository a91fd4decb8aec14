// SPDX-License-Identifier: MIT
// The subcommands of the program. Each has a file of its own, which declares its flags and does its
// work.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace spikegpt {

/// What the chosen subcommand does; returns the exit code.
using Command = std::function<int()>;

/// Each adds a subcommand to the program that, when it is chosen, says in `command` what to do.
void add_train(CLI::App& program, Command& command);
void add_generate(CLI::App& program, Command& command);
void add_eval(CLI::App& program, Command& command);
void add_info(CLI::App& program, Command& command);
void add_quantize(CLI::App& program, Command& command);
void add_convert(CLI::App& program, Command& command);
void add_tokenize(CLI::App& program, Command& command);
void add_classify(CLI::App& program, Command& command);
void add_embed(CLI::App& program, Command& command);
void add_energy(CLI::App& program, Command& command);
void add_spikes(CLI::App& program, Command& command);

/// Adds a subcommand with flags that are fields of `Request`, which lives as long as the program.
/// `declare(flags, request)` adds the flags, `run(flags, request)` is the command.
template <class Request, class Run>
CLI::App* add_command(CLI::App& program, Command& command, std::string const& name,
                      std::string const& purpose, std::string const& examples,
                      void (*declare)(CLI::App&, Request&), Run run) {
    auto* const flags = program.add_subcommand(name, purpose);
    auto const request = std::make_shared<Request>();
    flags->footer("Examples:\n" + examples);
    declare(*flags, *request);
    flags->callback([&command, flags, request, run] {
        command = [flags, request, run] { return run(*flags, *request); };
    });
    return flags;
}

}  // namespace spikegpt
