// SPDX-License-Identifier: MIT
// spikegpt: trains spiking language models, lets them write, measures them, looks into them, turns
// text into what they read, and makes them tell classes of texts apart.
// Errors of every kind end here, as one line on standard error.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <sstream>
#include <string>

#include <fmt/core.h>

#include <spikelet/core/error.hpp>
#include <spikelet/core/version.hpp>

#include "command.hpp"
#include "output.hpp"
#include "usage.hpp"

namespace {

// Exit codes, as shells and other programs expect them.
constexpr int failed = 1;
constexpr int used_wrongly = 2;

constexpr char const* no_memory = "memory: there is not enough of it";

// Where nobody listens any more, as on a closed terminal, the code alone tells.
int complain(std::string message, int code) {
    std::replace(message.begin(), message.end(), '\n', ' ');
    std::fflush(stdout);
    std::fputs(("spikegpt: " + message + "\n").c_str(), stderr);
    return code;
}

// Where memory ends inside of what must not throw: to give large JSON back takes some, too.
[[noreturn]] void end_without_memory() {
    try {
        if (auto const error = std::current_exception()) { std::rethrow_exception(error); }
    } catch (std::bad_alloc const&) {
        std::fputs("spikegpt: ", stderr);
        std::fputs(no_memory, stderr);
        std::fputs("\n", stderr);
        std::_Exit(failed);
    } catch (std::exception const& error) { std::fputs(error.what(), stderr); }
    std::abort();
}

std::string version() {
    return fmt::format("spikegpt {}.{}.{}", SPIKELET_VERSION_MAJOR, SPIKELET_VERSION_MINOR,
                       SPIKELET_VERSION_PATCH);
}

// Returns the exit code. Throws what the command throws, and CLI::ParseError.
int run_command(CLI::App& program, spikegpt::Command const& command, int argc, char** argv) {
    try {
        program.parse(argc, argv);
    } catch (CLI::Success const& help) {
        std::ostringstream text;
        program.exit(help, text, text);
        spikegpt::Output(false).write(text.str());
        return 0;
    }
    if (!command) { throw CLI::RequiredError("A subcommand"); }
    return command();
}

}  // namespace

int main(int argc, char** argv) {
    using namespace spikegpt;
    std::set_terminate(end_without_memory);
    // A file that would grow beyond the limit of its user (ulimit -f) is an error like a full disk.
    std::signal(SIGXFSZ, SIG_IGN);
    CLI::App program("Spiking language models on your processor.", "spikegpt");
    program.formatter(std::make_shared<HelpFormatter>());
    program.set_version_flag("--version", version());
    program.require_subcommand(0, 1);
    program.footer("Each has more to say: spikegpt train --help");
    Command command;
    add_train(program, command);
    add_generate(program, command);
    add_eval(program, command);
    add_info(program, command);
    add_quantize(program, command);
    add_convert(program, command);
    add_tokenize(program, command);
    add_classify(program, command);
    add_embed(program, command);
    add_energy(program, command);
    add_spikes(program, command);
    try {
        return run_command(program, command, argc, argv);
    } catch (CLI::ParseError const& error) {
        return complain(usage_message(program, error), used_wrongly);
    } catch (spikelet::Error const& error) {
        return complain(error.what(), failed);
    } catch (std::bad_alloc const&) {
        return complain(no_memory, failed);
    } catch (std::exception const& error) { return complain(error.what(), failed); }
}
