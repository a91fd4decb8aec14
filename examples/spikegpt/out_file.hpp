// SPDX-License-Identifier: MIT
// Before a file is written, and before the work for it is done: it replaces nothing that anybody
// would miss.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
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

/// Throws Error that begins with `flag` if `out` is there already and is no `kind` of file:
/// `is_one()` returns false, or throws Error.
template <class IsOne>
void check_replaces_only(std::string_view flag, std::string const& out, std::string_view kind,
                         IsOne&& is_one) {
    if (!std::filesystem::exists(out)) { return; }
    bool const fits = [&] {
        try {
            return is_one();
        } catch (sk::Error const&) { return false; }
    }();
    if (!fits) {
        sk::fail(flag, sk::quote(out) + " is there already and is no " + std::string(kind) +
                           "; give another name");
    }
}

}  // namespace spikegpt
