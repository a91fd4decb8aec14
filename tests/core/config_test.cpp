// SPDX-License-Identifier: MIT
#include <spikelet/core/config.hpp>

#include <array>
#include <csignal>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace spikelet::test::config_test {
namespace {

// What ends a process that the assertion fails in, and what it says before.
struct End {
    int signal = 0;
    std::string said;
};

End end_by_assertion(char const* message) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    ::pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);  // not the test's handler
        ::dup2(ends[1], STDERR_FILENO);
        detail::assertion_failed(message);
    }
    ::close(ends[1]);
    End end;
    std::array<char, 256> part{};
    for (::ssize_t n = 0; (n = ::read(ends[0], part.data(), part.size())) > 0;) {
        end.said.append(part.data(), static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) { end.signal = WTERMSIG(status); }
    return end;
}

TEST_CASE("config: an assertion that fails says which one and ends the program") {
    End const end = end_by_assertion("matmul: no rows");
    CHECK(end.signal == SIGABRT);
    CHECK(end.said.starts_with("spikelet: assertion failed: matmul: no rows\n"));
}

}  // namespace
}  // namespace spikelet::test::config_test
