// SPDX-License-Identifier: MIT
#include "spike_sites.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "block_name.hpp"

namespace spikegpt {

namespace {

std::vector<std::string> ends_of_ends(std::vector<std::string> const& sites) {
    sk::index last = 0;
    for (auto const& site : sites) { last = std::max(last, BlockName(site).block); }
    std::vector<std::string> chosen;
    for (sk::index const block : {sk::index{0}, last}) {
        std::vector<std::string> of_block;
        for (auto const& site : sites) {
            if (BlockName(site).block == block) { of_block.push_back(site); }
        }
        if (!of_block.empty()) { chosen.insert(chosen.end(), {of_block.front(), of_block.back()}); }
    }
    return chosen;
}

}  // namespace

std::vector<std::string> sites_to_draw(std::vector<std::string> const& named,
                                       std::vector<std::string> const& sites) {
    for (auto const& name : named) {
        if (std::ranges::find(sites, name) == sites.end()) {
            sk::fail("--site", fmt::format("{} is none of the model's: {}", sk::quote(name),
                                           fmt::join(sites, ", ")));
        }
    }
    auto const chosen = named.empty() ? ends_of_ends(sites) : named;
    std::vector<std::string> drawn;
    std::ranges::copy_if(sites, std::back_inserter(drawn), [&](std::string const& site) {
        return std::ranges::find(chosen, site) != chosen.end();
    });
    return drawn;
}

}  // namespace spikegpt
