// SPDX-License-Identifier: MIT
// Command lines as a shell runs them.
#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include <sys/wait.h>

#include <doctest/doctest.h>

namespace spikelet_test {

/// How a command line ended, and what it wrote to either output.
struct ShellOutcome {
    int code;
    std::string output;

    [[nodiscard]] bool says(std::string_view text) const {
        return output.find(text) != std::string::npos;
    }
};

inline ShellOutcome run_in_shell(std::string const& command) {
    FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    std::array<char, 4096> some{};
    while (std::fgets(some.data(), static_cast<int>(some.size()), pipe) != nullptr) {
        output += some.data();
    }
    int const status = ::pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

}  // namespace spikelet_test
