// SPDX-License-Identifier: MIT
// What a SpikeGPT is: its sizes, where its spikes are, its neurons. The variants of the paper
// (arXiv 2302.13939, section 4.4) are names for placements, not models of their own.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/named.hpp>
#include <spikelet/models/matrix_storage.hpp>
#include <spikelet/nn/inputs.hpp>
#include <spikelet/nn/lif.hpp>

namespace spikelet {

/// Where spikes are in a SpikeGPT: docs/numerics.md has the formulas.
struct Placement {
    bool binary_embedding = true;     ///< the embedding is reduced to its signs
    Node residual = Node::lif;        ///< between each sub-block and the residual stream
    bool spiking_hidden = false;      ///< LIF instead of relu^2 inside channel mixing
    Inputs inputs = Inputs::numbers;  ///< in front of matrices, the head included

    friend constexpr bool operator==(Placement const&, Placement const&) = default;
};

/// A placement with a name.
struct Variant {
    std::string_view name;     ///< "spikegpt", say
    Placement spikes;          ///< where the spikes are
    std::string_view meaning;  ///< in a few words
};

/// The variants: those of the paper, from no spikes to many; then those whose matrices read spikes.
inline constexpr std::array<Variant, 7> variants{{
    {"vanilla_rwkv", {false, Node::none, false, Inputs::numbers}, "RWKV-4: no spikes"},
    {"heaviside_rwkv",
     {true, Node::heaviside, false, Inputs::numbers},
     "stateless spikes on the residual"},
    {"spikegpt", {true, Node::lif, false, Inputs::numbers}, "LIF spikes on the residual"},
    {"spikegpt_b", {true, Node::lif, true, Inputs::numbers}, "and LIF inside channel mixing"},
    {"spike_driven", {false, Node::none, true, Inputs::lif}, "LIF in front of every matrix"},
    {"event_driven",
     {false, Node::none, false, Inputs::shared_events},
     "graded spikes in front of matrices, one node for the matrices of a layer"},
    {"event_driven_post",
     {false, Node::none, false, Inputs::own_events},
     "the same with a node for each matrix, behind the token shift"},
}};

/// The variant of that name. Throws Error that lists the names.
constexpr Variant const& find_variant(std::string_view name) {
    return detail::find_named("variant", variants, name);
}

/// Sizes of a named model; hidden is 4 x channels.
struct NamedSize {
    std::string_view name;     ///< "46m", say
    index vocabulary;          ///< number of ids
    index layers;              ///< number of blocks
    index channels;            ///< width of the stream
    std::string_view meaning;  ///< in a few words
};

/// Sizes of the paper (arXiv 2302.13939) and of its scaling study, and two small ones.
inline constexpr std::array<NamedSize, 6> named_sizes{{
    {"nano", 256, 2, 64, "a first look"},
    {"tiny", 256, 4, 128, "learns words in minutes on a processor"},
    {"46m", 256, 12, 512, "the paper's enwik8 model, with a byte vocabulary"},
    {"216m", 50277, 18, 768, "the released model"},
    {"430m", 50277, 24, 1024, "scaling study"},
    {"1b2", 50277, 18, 2048, "scaling study; the layout is our reading"},
}};

/// The size of that name. Throws Error that lists the names.
constexpr NamedSize const& find_size(std::string_view name) {
    return detail::find_named("size", named_sizes, name);
}

/// Everything that decides what a SpikeGPT computes, but for its weights.
struct SpikeGptConfig {
    index vocabulary = 256;         ///< number of ids
    index channels = 128;           ///< width of the stream
    index layers = 4;               ///< number of blocks
    index hidden = 0;               ///< channels inside channel mixing; 0 means 4 x channels
    Placement spikes{};             ///< where the spikes are
    LifOptions neuron{};            ///< constants of LIF neurons
    EventLevelOptions levels{};     ///< of graded spikes in front of matrices
    double output_threshold = 1.0;  ///< of the LIF in front of time mixing's output matrix
    std::optional<double> slope{};  ///< of the surrogate, where it has one; none: its type's own
    bool ffn_pre = false;  ///< the first block mixes channels twice instead of time ("RWKV-ffnPre")
    double dropout = 0.0;  ///< of the residual stream after each block, in training
    /// The stream is halved behind each so many layers (models/spikegpt_rescale.hpp); 0: never.
    index halve_every = 0;
    /// The surrogate's name in files. A model writes that of its type here, and refuses another;
    /// empty fits all.
    std::string_view surrogate{};
    /// What the matrices compute and train as, where they are float.
    MatrixStorage trains_as{};

    // The largest sizes: products of any of them, in bytes, are numbers of type index.
    /// Ids are 32-bit integers.
    static constexpr index most_vocabulary = (std::numeric_limits<std::int32_t>::max)();
    static constexpr index most_channels = index{1} << 20;  ///< channels at most
    static constexpr index most_layers = 4096;              ///< blocks at most
    static constexpr index most_hidden = index{1} << 24;    ///< hidden channels at most

    /// `hidden`, or what 0 stands for.
    [[nodiscard]] constexpr index hidden_channels() const {
        return hidden > 0 ? hidden : 4 * channels;
    }

    /// True if the stream is halved behind the layer of this number, from 0.
    [[nodiscard]] constexpr bool halved_behind(index layer) const {
        return halve_every > 0 && (layer + 1) % halve_every == 0;
    }

    /// Throws Error unless every size is within its limits, the neurons make sense (see
    /// check(LifOptions)), a given slope is above 0 and finite, the dropout at least 0 and below 1,
    /// and a group of weights a multiple of 64.
    constexpr void check() const {
        check_size("vocabulary", vocabulary, 1, most_vocabulary);
        check_size("channels", channels, 1, most_channels);
        check_size("layers", layers, 1, most_layers);
        check_size("hidden", hidden, 0, most_hidden);
        check_size("halve_every", halve_every, 0, most_layers);
        LifOptions output = neuron;
        output.threshold = output_threshold;
        spikelet::check(neuron);
        spikelet::check(output);
        spikelet::check(levels);
        trains_as.check();
        if (slope && !(*slope > 0 && *slope <= (std::numeric_limits<double>::max)())) {
            fail("spikegpt", "the slope of the surrogate must be above 0");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            fail("spikegpt", "the dropout must be at least 0 and below 1");
        }
    }

    /// Number of weights: 2 V C + L (...) + 4 C, with the matrices of each block spelled out, and a
    /// threshold for each channel of an event node. Throws Error where check() does.
    [[nodiscard]] constexpr index parameter_count() const {
        check();
        index const C = channels;
        index const H = hidden_channels();
        bool const events = reads_events(spikes.inputs);
        bool const shared = spikes.inputs == Inputs::shared_events;
        index const hidden_thresholds = events && !spikes.spiking_hidden ? H : 0;
        index const ffn_thresholds = events ? (shared ? C : 2 * C) + hidden_thresholds : 0;
        index const att_thresholds = events ? (shared ? 2 * C : 4 * C) : 0;
        index const ffn = C * C + 2 * C * H + 2 * C + ffn_thresholds;
        index const att = 4 * C * C + 5 * C + att_thresholds;
        index const first = ffn_pre ? ffn - att : 0;
        index const head = events ? C : 0;
        return 2 * vocabulary * C + layers * (att + ffn + 4 * C) + 4 * C + first + head;
    }

private:
    static constexpr void check_size(std::string_view name, index size, index least, index most) {
        if (size < least || size > most) {
            fail("spikegpt", std::string(name) + " is " + std::to_string(size) + ", expected " +
                                 std::to_string(least) + " to " + std::to_string(most));
        }
    }
};

/// A configuration with the thresholds that train well: 1 for neurons on the residual stream
/// (SpikeGPT's), 0.5 of LIF in front of matrices and 0.25 in front of time mixing's output, whose
/// input is gated and smaller. The sizes are checked when a model is made of it.
constexpr SpikeGptConfig make_config(Variant const& variant, index vocabulary, index layers,
                                     index channels) {
    SpikeGptConfig config;
    config.vocabulary = vocabulary;
    config.layers = layers;
    config.channels = channels;
    config.spikes = variant.spikes;
    bool const in_front = variant.spikes.inputs == Inputs::lif;
    config.neuron.threshold = in_front ? 0.5 : 1.0;
    config.output_threshold = in_front ? 0.25 : 1.0;
    return config;
}

}  // namespace spikelet
