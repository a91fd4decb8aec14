// SPDX-License-Identifier: MIT
// Where the neurons of a model are, and which of them a picture shows.
#pragma once

#include <string>
#include <vector>

#include <spikelet/train/firing_rates.hpp>

#include "engine.hpp"

namespace spikegpt {

/// What stands for the flag --site in every command that has it.
inline constexpr char const* site_meaning =
    "Draw this one, as the table of spikegpt spikes calls it; may be given several times "
    "(default four)";

/// What the model's sites are called, in the order in which they fire. `read(observer)` lets the
/// model read something and shows it to the observer.
template <class Read>
std::vector<std::string> names_of_sites(StoredNet const& net, Read&& read) {
    sk::FiringRates first(net);
    read(first);
    std::vector<std::string> names;
    for (auto const& site : first.sites()) { names.push_back(site.name); }
    return names;
}

/// Those of `sites` that are `named`, or else the first and the last of the first and the last
/// block; in the order of `sites`. Throws Error for a name that no site has.
std::vector<std::string> sites_to_draw(std::vector<std::string> const& named,
                                       std::vector<std::string> const& sites);

}  // namespace spikegpt
