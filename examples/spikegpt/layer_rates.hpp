// SPDX-License-Identifier: MIT
// How much of a model that has learned something is to change: nothing of its first layers, or less
// of them than of its last (Howard & Ruder, arXiv 1801.06146).
#pragma once

#include <charconv>
#include <cmath>
#include <string_view>

#include <fmt/core.h>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/train/adam.hpp>

namespace spikegpt {

namespace sk = spikelet;

inline constexpr char const* layer_lr_decay_meaning =
    "Learning rate of a layer in units of the next one's";
inline constexpr char const* freeze_meaning =
    "With --init-from: leave the embedding and so many blocks as they are";

/// How many layers there are in front of a parameter: 0 of the embedding, i + 1 of block i,
/// layers + 1 of all that follows.
inline sk::index layers_before(std::string_view name, sk::index layers) {
    constexpr std::string_view body = "body.";
    constexpr std::string_view block = "blocks.";
    if (name.starts_with(body)) { name.remove_prefix(body.size()); }
    if (name.starts_with("emb.") || name.starts_with("ln0.")) { return 0; }
    if (!name.starts_with(block)) { return layers + 1; }
    sk::index number = 0;
    std::from_chars(name.data() + block.size(), name.data() + name.size(), number);
    return number + 1;
}

/// The learning rate of each layer is `decay` times that of the next; the last has all of it.
inline sk::GroupRule decayed_by_layer(sk::GroupRule rule, double decay, sk::index layers) {
    return [=](std::string_view name, sk::index rank) {
        sk::ParameterGroup group = rule(name, rank);
        auto const below = static_cast<double>(layers + 1 - layers_before(name, layers));
        group.rate_scale *= std::pow(decay, below);
        return group;
    };
}

/// Leaves the embedding and the first `blocks` blocks as they are. Throws Error if there are fewer.
template <class Model>
void freeze_first(Model& model, sk::index blocks, sk::index layers) {
    if (blocks > layers) {
        sk::fail("--freeze",
                 fmt::format("{} is more than the {} blocks that the model has", blocks, layers));
    }
    sk::each_parameter(model, [&](std::string_view name, auto& parameter) {
        if (layers_before(name, layers) <= blocks) { parameter.freeze(); }
    });
}

}  // namespace spikegpt
