// SPDX-License-Identifier: MIT
// What a SpikeGPT is: its sizes, where its spikes are, its neurons. The variants of the paper
// (arXiv 2302.13939, section 4.4) are names for placements, not models of their own.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <spikelet/core/extents.hpp>
#include <spikelet/nn/lif.hpp>

namespace spikelet {

/// Where spikes are in a SpikeGPT.
struct Placement {
    bool binary_embedding = true;  ///< the embedding is reduced to its signs
    Node residual = Node::lif;     ///< between each sub-block and the residual stream
    bool spiking_hidden = false;   ///< LIF instead of relu^2 inside channel mixing
    bool spiking_inputs = false;   ///< LIF in front of every matrix, the head included

    friend constexpr bool operator==(Placement const&, Placement const&) = default;
};

/// A placement with a name.
struct Variant {
    std::string_view name;
    Placement spikes;
    std::string_view meaning;
};

/// The variants, from no spikes to spikes in front of every matrix.
inline constexpr std::array<Variant, 5> variants{{
    {"vanilla_rwkv", {false, Node::none, false, false}, "RWKV-4: no spikes"},
    {"heaviside_rwkv", {true, Node::heaviside, false, false}, "stateless spikes on the residual"},
    {"spikegpt", {true, Node::lif, false, false}, "LIF spikes on the residual"},
    {"spikegpt_b", {true, Node::lif, true, false}, "and LIF inside channel mixing"},
    {"spike_driven", {false, Node::none, true, true}, "LIF in front of every matrix"},
}};

/// The variant of that name. Throws Error that lists the names.
inline Variant const& find_variant(std::string_view name) {
    std::string known;
    for (Variant const& v : variants) {
        if (v.name == name) { return v; }
        known += (known.empty() ? "" : ", ") + std::string(v.name);
    }
    fail("variant", "'" + std::string(name) + "' is not one of " + known);
}

/// Sizes of a named model; hidden is 4 x channels.
struct NamedSize {
    std::string_view name;
    index vocabulary;
    index layers;
    index channels;
    std::string_view meaning;
};

/// Sizes of the paper and of its scaling study, and two small ones (spec: SpikeGPT, 1).
inline constexpr std::array<NamedSize, 6> named_sizes{{
    {"nano", 256, 2, 64, "a first look"},
    {"tiny", 256, 4, 128, "learns words in minutes on a processor"},
    {"46m", 256, 12, 512, "the paper's enwik8 model, with a byte vocabulary"},
    {"216m", 50277, 18, 768, "the released model"},
    {"430m", 50277, 24, 1024, "scaling study"},
    {"1b2", 50277, 18, 2048, "scaling study; the layout is our reading"},
}};

/// The size of that name. Throws Error that lists the names.
inline NamedSize const& find_size(std::string_view name) {
    std::string known;
    for (NamedSize const& s : named_sizes) {
        if (s.name == name) { return s; }
        known += (known.empty() ? "" : ", ") + std::string(s.name);
    }
    fail("size", "'" + std::string(name) + "' is not one of " + known);
}

/// Everything that decides what a SpikeGPT computes, but for its weights.
struct SpikeGptConfig {
    index vocabulary = 256;
    index channels = 128;
    index layers = 4;
    index hidden = 0;  ///< channels inside channel mixing; 0 means 4 x channels
    Placement spikes{};
    LifOptions neuron{};
    double output_threshold = 1.0;  ///< of the LIF in front of time mixing's output matrix
    double slope = 2.0;             ///< of the arctan surrogate
    bool ffn_pre = false;  ///< the first block mixes channels twice instead of time ("RWKV-ffnPre")
    double dropout = 0.0;  ///< of the residual stream after each block, in training

    [[nodiscard]] constexpr index hidden_channels() const {
        return hidden > 0 ? hidden : 4 * channels;
    }

    /// Number of weights: 2 V C + L (...) + 4 C, with the matrices of each block spelled out.
    [[nodiscard]] constexpr index parameter_count() const {
        index const C = channels;
        index const H = hidden_channels();
        index const ffn = C * C + 2 * C * H + 2 * C;
        index const att = 4 * C * C + 5 * C;
        index const first = ffn_pre ? ffn - att : 0;
        return 2 * vocabulary * C + layers * (att + ffn + 4 * C) + 4 * C + first;
    }
};

/// A configuration with the thresholds that train well: 1 for neurons on the residual stream
/// (SpikeGPT's), 0.5 in front of matrices and 0.25 in front of time mixing's output (spec: 9).
inline SpikeGptConfig make_config(Variant const& variant, index vocabulary, index layers,
                                  index channels) {
    SpikeGptConfig config;
    config.vocabulary = vocabulary;
    config.layers = layers;
    config.channels = channels;
    config.spikes = variant.spikes;
    config.neuron.threshold = variant.spikes.spiking_inputs ? 0.5 : 1.0;
    config.output_threshold = variant.spikes.spiking_inputs ? 0.25 : 1.0;
    return config;
}

}  // namespace spikelet
