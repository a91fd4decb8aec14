// SPDX-License-Identifier: MIT
// What programs show on a terminal.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace spikelet_test {

/// A terminal of some width, as a program sees it.
class Terminal {
public:
    explicit Terminal(unsigned short width)
        : ours_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
        if (::grantpt(ours_) != 0 || ::unlockpt(ours_) != 0) { return; }
        theirs_ = ::open(path().c_str(), O_RDWR | O_NOCTTY);
        winsize const size{24, width, 0, 0};
        works_ = ::ioctl(theirs_, TIOCSWINSZ, &size) == 0;
        REQUIRE(works_);
    }
    Terminal(Terminal const&) = delete;
    Terminal& operator=(Terminal const&) = delete;
    ~Terminal() {
        ::close(theirs_);
        ::close(ours_);
    }

    /// False on a machine without pseudo-terminals, a bare chroot say; this is said, too.
    [[nodiscard]] bool works() const {
        if (!works_) { MESSAGE("skipped: this machine gives no pseudo-terminals"); }
        return works_;
    }

    [[nodiscard]] std::string path() const { return ::ptsname(ours_); }

    /// All that was written since the last time. More than 4096 bytes make the writer wait.
    [[nodiscard]] std::string text() const {
        std::string text;
        char some[4096];
        for (ssize_t n = 0; (n = ::read(ours_, some, sizeof some)) > 0;) {
            text.append(some, static_cast<std::size_t>(n));
        }
        std::erase(text, '\r');
        return text;
    }

    /// The lines that were written over each other.
    [[nodiscard]] std::vector<std::string> lines() const {
        std::string const text = this->text();
        std::vector<std::string> found;
        std::string const end = "\x1b[K";
        for (std::size_t at = 0, next = 0; (next = text.find(end, at)) != text.npos;
             at = next + end.size()) {
            found.push_back(text.substr(at, next - at));
        }
        return found;
    }

private:
    int ours_;
    int theirs_ = -1;
    bool works_ = false;
};

}  // namespace spikelet_test
