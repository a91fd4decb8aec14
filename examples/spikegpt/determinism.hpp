// SPDX-License-Identifier: MIT
// Reads texts in several ways, and tells whether all of them give the same bits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <spikelet/core/tokens.hpp>

#include "output.hpp"
#include "processor.hpp"
#include "shown_bits.hpp"

namespace spikegpt {

/// A way to read texts, and what it gives.
struct WayToRead {
    std::string name;
    sk::index values = 0;  ///< compared with those of the first way
    std::optional<ShownBits::Difference> difference{};
    std::optional<std::string> missing{};  ///< a value that it should have shown
};

/// Texts one by one, with one thread; and then together, in pieces, as streams, with several
/// threads: `computer`'s, or two if that has one. Throws Error.
std::vector<WayToRead> read_in_all_ways(StoredNet const& net, Computer const& computer,
                                        sk::Tokens const& texts);

/// Tells people and programs; returns the exit status.
int say_ways(std::vector<WayToRead> const& ways, sk::Tokens const& texts, Computer const& computer,
             Output const& out);

}  // namespace spikegpt
