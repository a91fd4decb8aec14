// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <algorithm>

#include "terminal.hpp"

namespace spikegpt {

namespace {

constexpr double seconds_between_updates = 0.2;  // on a terminal
constexpr double seconds_between_lines = 10.0;   // in a file

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

}  // namespace

ProgressLine::ProgressLine(double patience) : terminal_(shows_on_terminal()), next_(patience) {}

bool ProgressLine::due() const { return watch_.seconds() >= next_; }

void ProgressLine::show(std::vector<ProgressField> fields) {
    if (terminal_) {
        show_to_people("\r" + fitted(std::move(fields), terminal_width() - 1) + "\x1b[K");
    } else {
        show_to_people(join(fields, wide_gap) + "\n");
    }
    open_ = terminal_;
    next_ = watch_.seconds() + (terminal_ ? seconds_between_updates : seconds_between_lines);
}

void ProgressLine::end() {
    if (open_) { show_to_people("\n"); }
    open_ = false;
}

}  // namespace spikegpt
