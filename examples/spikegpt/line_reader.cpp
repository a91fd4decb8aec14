// SPDX-License-Identifier: MIT
#include "line_reader.hpp"

#include <array>
#include <utility>

#include <poll.h>

#include "output.hpp"
#include "stop.hpp"

namespace spikegpt {

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 26;

// How long a request to stop may wait for somebody to type.
constexpr int milliseconds = 100;

}  // namespace

LineReader::LineReader(std::string const& path) : name_(path == "-" ? "standard input" : path) {
    if (path == "-") { return; }
    file_ = sk::FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_.is_open()) { sk::fail_with_errno(errno, "open", path); }
    number_ = file_.number();
}

bool LineReader::fill(std::string_view what) {
    if (buffer_.size() > most_bytes) {
        sk::fail(sk::quote(name_),
                 fmt::format("{} has more than {}", what, bytes_text(most_bytes)));
    }
    pollfd source{number_, POLLIN, 0};
    while (::poll(&source, 1, milliseconds) <= 0) {
        if (stop_signal() != 0) { return false; }
    }
    std::array<char, 1 << 16> bytes;
    ssize_t const count = ::read(number_, bytes.data(), bytes.size());
    if (count < 0) { sk::fail_with_errno(errno, "read", name_); }
    buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0;
}

std::optional<std::string> LineReader::next_line() {
    std::size_t seen = 0;
    std::size_t end = buffer_.find('\n');
    while (end == buffer_.npos && !ended_) {
        seen = buffer_.size();
        ended_ = !fill("a line");
        end = buffer_.find('\n', seen);
    }
    if (stop_signal() != 0 || (end == buffer_.npos && buffer_.empty())) { return {}; }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end == buffer_.npos ? end : end + 1);
    if (line.ends_with('\r')) { line.pop_back(); }
    return line;
}

bool LineReader::is_ready() {
    pollfd source{number_, POLLIN, 0};
    while (!ended_ && buffer_.find('\n') == buffer_.npos) {
        if (::poll(&source, 1, 0) <= 0) { return false; }
        ended_ = !fill("a line");
    }
    return true;
}

std::string LineReader::rest() {
    while (fill("what it says")) {}
    return std::exchange(buffer_, {});
}

}  // namespace spikegpt
