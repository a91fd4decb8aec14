// SPDX-License-Identifier: MIT
// Before a file is written, and before the work for it is done: it replaces nothing that anybody
// would miss.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// Throws Error that begins with `flag` if `out` is one of the files that are read, by whatever
/// name.
inline void check_is_no_input(std::string_view flag, std::string const& out,
                              std::vector<std::string> const& inputs) {
    std::error_code ignored;
    for (std::string const& input : inputs) {
        if (std::filesystem::equivalent(out, input, ignored)) {
            sk::fail(flag, sk::quote(out) + " is a file that is read; give another name");
        }
    }
}

/// Throws Error that begins with `flag` if nobody can tell, as with a name that is too long.
inline bool is_there(std::string_view flag, std::string const& path) {
    std::error_code unknown;
    bool const found = std::filesystem::exists(path, unknown);
    if (unknown) { sk::fail(flag, sk::quote(path) + ": " + unknown.message()); }
    return found;
}

/// Throws Error that begins with `flag` if `out` is there already and is no `kind` of file:
/// `is_one()` returns false, or throws Error, which is the reason then. Throws also if nobody can
/// tell whether it is there, as with a name that is too long.
template <class IsOne>
void check_replaces_only(std::string_view flag, std::string const& out, std::string_view kind,
                         IsOne&& is_one) {
    if (!is_there(flag, out)) { return; }
    std::string reason;
    try {
        if (is_one()) { return; }
    } catch (sk::Error const& error) { reason = std::string(" (") + error.what() + ")"; }
    sk::fail(flag, sk::quote(out) + " is there already and is no " + std::string(kind) +
                       "; give another name" + reason);
}

}  // namespace spikegpt
