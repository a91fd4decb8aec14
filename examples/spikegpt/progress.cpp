// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace spikegpt {

namespace {

constexpr double seconds_between_updates = 0.2;  // on a terminal
constexpr double seconds_between_lines = 10.0;   // in a file

std::size_t terminal_width() {
    winsize size{};
    bool const known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

}  // namespace

ProgressLine::ProgressLine(double patience)
    : terminal_(isatty(STDERR_FILENO) == 1),
      next_(patience) {}

bool ProgressLine::due() const { return watch_.seconds() >= next_; }

void ProgressLine::show(std::string line) {
    if (terminal_) {
        line.resize(std::min(line.size(), terminal_width() - 1));
        fmt::print(stderr, "\r{}\x1b[K", line);
    } else {
        fmt::print(stderr, "{}\n", line);
    }
    std::fflush(stderr);
    open_ = terminal_;
    next_ = watch_.seconds() + (terminal_ ? seconds_between_updates : seconds_between_lines);
}

void ProgressLine::end() {
    if (open_) { fmt::print(stderr, "\n"); }
    open_ = false;
}

}  // namespace spikegpt
