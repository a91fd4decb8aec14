// SPDX-License-Identifier: MIT
// One line on standard error that says how far a command is: rewritten in place on a terminal, now
// and then a new line elsewhere.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace spikegpt {

/// Seconds since it was made.
class Stopwatch {
public:
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(Clock::now() - start_).count();
    }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

/// A part of a line. Where there is no room for all, those of the highest rank go first.
struct ProgressField {
    std::string text;
    int rank = 0;
};

class ProgressLine {
public:
    /// The first line is due after `patience` seconds.
    explicit ProgressLine(double patience = 0.0);
    ~ProgressLine() { end(); }
    ProgressLine(ProgressLine const&) = delete;
    ProgressLine& operator=(ProgressLine const&) = delete;

    /// True when it is time for another line.
    [[nodiscard]] bool due() const;

    /// Shows the line, due or not.
    void show(std::vector<ProgressField> fields);

    /// Leaves the line as it is; what follows starts on a new one.
    void end();

private:
    Stopwatch watch_;
    bool terminal_;
    bool open_ = false;
    double next_;
};

}  // namespace spikegpt
