// SPDX-License-Identifier: MIT
// Names of what is inside a model, taken apart.
#pragma once

#include <string>
#include <string_view>

#include <spikelet/core/extents.hpp>

namespace spikegpt {

/// "blocks.3.att.lif_k" is "att.lif_k" of block 3; other names are in no block.
struct BlockName {
    spikelet::index block = -1;
    std::string rest;

    explicit BlockName(std::string const& name) : rest(name) {
        std::string const prefix = "blocks.";
        if (!name.starts_with(prefix)) { return; }
        std::size_t const dot = name.find('.', prefix.size());
        block = std::stol(name.substr(prefix.size(), dot - prefix.size()));
        rest = name.substr(dot + 1);
    }
};

/// False for the signs of a binary embedding: they come as spikes, too, but no neuron makes them.
inline bool has_neurons(std::string_view site) { return !site.ends_with("emb"); }

}  // namespace spikegpt
