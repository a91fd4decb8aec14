// SPDX-License-Identifier: MIT
// Standard error as a place where people look: a terminal, or a file that is read later.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spikegpt {

/// True if standard error is a terminal.
inline bool shows_on_terminal() { return ::isatty(STDERR_FILENO) == 1; }

/// Columns of that terminal; 80 where it does not say.
inline std::size_t terminal_width() {
    winsize size{};
    bool const known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

/// True if both standard outputs end in one place, a terminal or a pipe, say.
inline bool outputs_meet() {
    struct stat out {};
    struct stat error {};
    return ::fstat(STDOUT_FILENO, &out) == 0 && ::fstat(STDERR_FILENO, &error) == 0 &&
           out.st_dev == error.st_dev && out.st_ino == error.st_ino;
}

/// Writes to standard error. A terminal may be gone while a command goes on: what cannot be shown
/// is no error.
inline void show_to_people(std::string const& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
}

}  // namespace spikegpt
