// SPDX-License-Identifier: MIT
// Tables whose entries have a name: what stands under one, and what to say if nothing does.
#pragma once

#include <string>
#include <string_view>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>

namespace spikelet::detail {

/// The entry of that name, or null.
template <class Table>
constexpr auto entry_named(Table const& table, std::string_view name) -> decltype(&table[0]) {
    for (auto const& entry : table) {
        if (entry.name == name) { return &entry; }
    }
    return nullptr;
}

/// All names with `mark` on both sides, separated by commas.
template <class Table>
std::string names_of(Table const& table, std::string_view mark = "") {
    std::string names;
    for (auto const& entry : table) {
        names.append(names.empty() ? "" : ", ").append(mark).append(entry.name).append(mark);
    }
    return names;
}

/// The entry of that name. Throws Error, from `where`, that lists the names.
template <class Table>
constexpr auto const& find_named(std::string_view where, Table const& table,
                                 std::string_view name) {
    for (auto const& entry : table) {
        if (entry.name == name) { return entry; }
    }
    fail(where, quote(name) + " is not one of " + names_of(table));
}

}  // namespace spikelet::detail
