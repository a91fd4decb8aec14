// SPDX-License-Identifier: MIT
// The one exception of the library, and the one way to raise it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include <spikelet/core/config.hpp>

/// All of the library. Names in `detail` are for its own headers.
namespace spikelet {

/// What went wrong outside the program's control: a file, a flag, a size known only at run time.
/// `what()` reads "where: message".
class Error : public std::runtime_error {
public:
    /// `where` says who complains, `message` what is wrong.
    Error(std::string_view where, std::string_view message)
        : std::runtime_error(std::string(where) + ": " + std::string(message)),
          where_(where) {}

    /// The part of the library, the file or the tensor that complains.
    [[nodiscard]] std::string const& where() const noexcept { return where_; }

private:
    std::string where_;
};

/// Throws Error. Without exceptions it calls `SPIKELET_ON_ERROR(where, message)` if that is
/// defined, else prints both; then it aborts.
[[noreturn]] inline void fail(std::string_view where, std::string_view message) {
#if SPIKELET_HAS_EXCEPTIONS
    throw Error(where, message);
#else
#if defined(SPIKELET_ON_ERROR)
    SPIKELET_ON_ERROR(where, message);
#else
    std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(where.size()), where.data(),
                 static_cast<int>(message.size()), message.data());
#endif
    std::abort();
#endif
}

}  // namespace spikelet
