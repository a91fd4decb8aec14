// SPDX-License-Identifier: MIT
// Lines of a file or of standard input, which is read as it comes: prompts or texts, one after
// another.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <spikelet/io/file.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// Reads a file or a pipe. A request to stop (stop.hpp) ends it as if nothing followed.
class LineReader {
public:
    /// "-" is standard input. Throws Error if the file cannot be opened.
    explicit LineReader(std::string const& path);

    /// The next line without its end; nothing after the last one. Throws Error for a line of more
    /// than 64 MiB, or if the file cannot be read.
    std::optional<std::string> next_line();

    /// True if next_line() would not wait for more to come.
    bool is_ready();

    /// All that follows. Throws Error if it is more than 64 MiB, or if the file cannot be read.
    std::string rest();

private:
    // More bytes into buffer_; false at the end. `what` has grown too large if it is full.
    bool fill(std::string_view what);

    std::string name_;
    sk::FileDescriptor file_;
    int number_ = 0;
    std::string buffer_;
    bool ended_ = false;
};

}  // namespace spikegpt
