// SPDX-License-Identifier: MIT
// A SpikeGPT's sizes from the shapes of its tensors. Official files say nothing else about
// themselves: which variant they are, and whether their embedding is binary, is for the user to
// know (docs/numerics.md, "SpikeGPT").
#pragma once

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <string_view>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/models/spikegpt_config.hpp>

namespace spikelet {

namespace detail {

// One of a list of named tensors.
template <class Tensors>
auto const& tensor_of_model(Tensors const& tensors, std::string_view name) {
    for (auto const& tensor : tensors) {
        if (tensor.name != name) { continue; }
        if (tensor.shape.size() != 2) { fail("tensor " + quote(name), "it should be a matrix"); }
        return tensor;
    }
    fail("tensors", "there is no " + quote(name) + ", which every SpikeGPT has");
}

// 3 of "blocks.3.ln1.weight"; -1 of what is outside of the blocks, and never more than a model has.
inline index block_of(std::string_view name) {
    constexpr std::string_view prefix = "blocks.";
    if (!name.starts_with(prefix)) { return -1; }
    index block = -1;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), block);
    return (std::min)(block, SpikeGptConfig::most_layers);
}

}  // namespace detail

/// The configuration of a variant that has tensors of these names and shapes, as far as these tell:
/// sizes, and whether the first block mixes channels twice. Whether all of them fit is for loading
/// to see. `tensors` is a list of anything with a name and a shape, such as
/// CheckpointFile::tensors(). Throws Error.
///
///     auto const file = CheckpointFile::open("official.pth");
///     SpikeGpt<> model{config_of_tensors(find_variant("spikegpt"), file.tensors())};
///     load_checkpoint(file, model);
template <class Tensors>
SpikeGptConfig config_of_tensors(Variant const& variant, Tensors const& tensors) {
    auto const& embedding = detail::tensor_of_model(tensors, "emb.weight").shape;
    index layers = 0;
    bool ffn_pre = false;
    for (auto const& tensor : tensors) {
        layers = (std::max)(layers, detail::block_of(tensor.name) + 1);
        ffn_pre = ffn_pre || tensor.name == "blocks.0.ffnPre.key.weight";
    }
    if (layers > std::ssize(tensors)) {
        fail("tensors", "there are more blocks than tensors: " + std::to_string(layers));
    }
    auto config = make_config(variant, embedding[0], layers, embedding[1]);
    config.hidden = detail::tensor_of_model(tensors, "blocks.0.ffn.key.weight").shape[0];
    config.ffn_pre = ffn_pre;
    config.check();
    return config;
}

}  // namespace spikelet
