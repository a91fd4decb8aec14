// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <algorithm>
#include <cstdio>

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

constexpr char const* wide_gap = "  ";
constexpr char const* narrow_gap = " ";

std::string join(std::vector<ProgressField> const& fields, char const* gap) {
    std::string line;
    for (ProgressField const& field : fields) { line += (line.empty() ? "" : gap) + field.text; }
    return line;
}

// At least one field stays, cut if it must be.
std::string fitted(std::vector<ProgressField> fields, std::size_t width) {
    for (; fields.size() > 1;
         fields.erase(std::ranges::max_element(fields, {}, &ProgressField::rank))) {
        for (char const* gap : {wide_gap, narrow_gap}) {
            std::string const line = join(fields, gap);
            if (line.size() <= width) { return line; }
        }
    }
    return fields.front().text.substr(0, width);
}

// A terminal may be gone while the command goes on: what cannot be shown is no error.
void write(std::string const& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
}

}  // namespace

ProgressLine::ProgressLine(double patience)
    : terminal_(isatty(STDERR_FILENO) == 1),
      next_(patience) {}

bool ProgressLine::due() const { return watch_.seconds() >= next_; }

void ProgressLine::show(std::vector<ProgressField> fields) {
    if (terminal_) {
        write("\r" + fitted(std::move(fields), terminal_width() - 1) + "\x1b[K");
    } else {
        write(join(fields, wide_gap) + "\n");
    }
    open_ = terminal_;
    next_ = watch_.seconds() + (terminal_ ? seconds_between_updates : seconds_between_lines);
}

void ProgressLine::end() {
    if (open_) { write("\n"); }
    open_ = false;
}

}  // namespace spikegpt
