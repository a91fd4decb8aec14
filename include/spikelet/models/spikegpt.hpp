// SPDX-License-Identifier: MIT
// SpikeGPT (arXiv 2302.13939) and its variants: RWKV-4 blocks with spikes where the configuration
// puts them. Exact formulas: docs/numerics.md; where paper and code disagree: docs/deviations.md.
//
//   x = ln0(emb)                                   emb: numbers, or their signs as spikes
//   x = x + node(time_mix(ln1(x)));  x = x + node(channel_mix(ln2(x)));  x = dropout(x)
//   logits = head(ln_out(x))                       with spikes in front: head(node(ln_out(x)))
// The stream x may be halved behind some layers: models/spikegpt_rescale.hpp.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <spikelet/autodiff/chain.hpp>
#include <spikelet/core/error.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/models/spikegpt_config.hpp>
#include <spikelet/models/spikegpt_init.hpp>
#include <spikelet/models/spikegpt_surrogate.hpp>
#include <spikelet/nn/channel_mix.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/layer_norm.hpp>
#include <spikelet/nn/time_mix.hpp>

namespace spikelet {

/// One block of H hidden channels: x [batch, time, C] -> the same shape.
template <index C, index H, class Surrogate = Arctan, class T = float, class W = T>
struct SpikeGptBlock {
    /// What mixes along time.
    using Time = TimeMix<C, Surrogate, T, W>;
    /// What mixes channels.
    using Channel = ChannelMix<C, H, Surrogate, T, W>;

    Placement spikes;               ///< where spikes are
    double dropout_rate;            ///< of the stream behind the block, in training
    bool halved;                    ///< the stream is, behind this block
    LayerNorm<C, T> ln1;            ///< in front of time mixing
    LayerNorm<C, T> ln2;            ///< in front of channel mixing
    std::optional<Time> att;        ///< time mixing; none where `ffnPre` is
    std::optional<Channel> ffnPre;  ///< channel mixing in its place, in a first block
    Channel ffn;                    ///< channel mixing
    SpikingNode<Surrogate> lif1;    ///< behind time mixing
    SpikingNode<Surrogate> lif2;    ///< behind channel mixing
    SPIKELET_PARTS(ln1, ln2, att, ffnPre, ffn, lif1, lif2)

    /// The block number `layer`, from 0.
    constexpr SpikeGptBlock(SpikeGptConfig const& config, index layer, Surrogate const& surrogate)
        : spikes(config.spikes),
          dropout_rate(config.dropout),
          halved(config.halved_behind(layer)),
          ln1{config.channels},
          ln2{config.channels},
          ffn(channel_mix(config, surrogate)),
          lif1{config.spikes.residual, config.neuron, surrogate},
          lif2(lif1) {
        if (layer == 0 && config.ffn_pre) {
            ffnPre.emplace(channel_mix(config, surrogate));
        } else {
            att.emplace(time_mix(config, surrogate));
        }
    }

    constexpr auto operator()(auto x) const {
        auto const a = ln1(x);
        tap(*this, "ln1", a);
        auto const mixed = ffnPre.has_value() ? (*ffnPre)(a) : (*att)(a);
        tap(*this, "att_out", mixed);
        auto const middle = add(x, mixed, lif1);
        tap(*this, "x_mid", middle);
        auto const b = ln2(middle);
        tap(*this, "ln2", b);
        auto const fed = ffn(b);
        tap(*this, "ffn_out", fed);
        auto const sum = add(middle, fed, lif2);
        auto const out = dropout(halved ? 0.5 * sum : sum, dropout_rate);
        tap(*this, "x_out", out);
        return out;
    }

private:
    constexpr auto add(auto x, auto branch, SpikingNode<Surrogate> const& node) const {
        return spikes.residual == Node::none ? x + branch : x + node(branch);
    }

    static constexpr Time time_mix(SpikeGptConfig const& config, Surrogate const& surrogate) {
        Lif<Surrogate> output_neuron{config.neuron, surrogate};
        output_neuron.options.threshold = config.output_threshold;
        return {.channels = config.channels,
                .inputs = config.spikes.inputs,
                .neuron = {config.neuron, surrogate},
                .output_neuron = output_neuron,
                .levels = config.levels};
    }

    static constexpr Channel channel_mix(SpikeGptConfig const& config, Surrogate const& surrogate) {
        return {.channels = config.channels,
                .hidden = config.hidden_channels(),
                .inputs = config.spikes.inputs,
                .spiking_hidden = config.spikes.spiking_hidden,
                .neuron = {config.neuron, surrogate},
                .levels = config.levels};
    }
};

namespace detail {

/// A number of layers known to the compiler, or not.
template <class Block, index L>
struct LayerList {
    using type = std::array<Block, static_cast<std::size_t>(L)>;
};
template <class Block>
struct LayerList<Block, dyn> {
    using type = std::vector<Block>;
};

}  // namespace detail

/// A SpikeGPT of V tokens, C channels, L blocks and H hidden channels, each a number (checked by
/// the compiler, no heap in a Session) or dyn (from the configuration). Weights come from init() or
/// init_spikegpt(), or a file; until then it has a shape only. Surrogate is any of
/// kernels/surrogate.hpp, or a type of your own with the same call. W is the element type of the
/// matrices, see Linear.
template <index V = dyn, index C = dyn, index L = dyn, index H = (C == dyn ? dyn : 4 * C),
          class Surrogate = Arctan, class T = float, class W = T>
struct SpikeGpt {
    /// One of its blocks.
    using Block = SpikeGptBlock<C, H, Surrogate, T, W>;
    /// The node in front of the head.
    using Events = EventNode<C, graded<3>, Surrogate, T>;
    /// Numbers and gradients are of this type.
    using scalar = T;

    SpikeGptConfig config;                              ///< sizes and spikes, what files say of it
    Embedding<V, C, T> emb;                             ///< ids to numbers
    LayerNorm<C, T> ln0;                                ///< behind the embedding
    LayerNorm<C, T> ln_out;                             ///< in front of the head
    typename detail::LayerList<Block, L>::type blocks;  ///< an array of L, or a vector
    Linear<C, V, W> head;                               ///< output matrix
    Lif<Surrogate> lif_head;        ///< in front of the head, where it reads spikes
    std::optional<Events> ev_head;  ///< the same with graded spikes
    SPIKELET_PARTS(emb, ln0, blocks, ln_out, head, lif_head, ev_head)

    /// Sizes from the type, otherwise the defaults.
    constexpr SpikeGpt() : SpikeGpt(with_static_sizes({})) {}

    /// Throws Error if a size contradicts the type, something makes no sense (see
    /// SpikeGptConfig::check), or the configuration is that of another surrogate. Where the
    /// surrogate has a slope, it is the configuration's, or its type's own if that names none.
    constexpr explicit SpikeGpt(SpikeGptConfig const& c)
        : SpikeGpt(c, surrogate_of_slope<Surrogate>(c.slope)) {}

    /// The same with a surrogate of more than a slope; its slope, where it has one, goes into the
    /// configuration.
    constexpr SpikeGpt(SpikeGptConfig const& c, Surrogate const& surrogate)
        : config(checked(c, surrogate)),
          emb{c.vocabulary, c.channels},
          ln0{c.channels},
          ln_out{c.channels},
          blocks(make_blocks(c, surrogate)),
          head{c.channels, c.vocabulary},
          lif_head{c.neuron, surrogate},
          ev_head(head_events(config, surrogate)) {
        if (!c.trains_as.plain()) { train_as(*this, c.trains_as); }
    }

    /// Logits [batch, time, V] for ids [batch, time].
    constexpr auto operator()(auto ids) const {
        auto const logits = read(hidden(ids));
        tap(*this, "logits", logits);
        return logits;
    }

    /// What the output matrix reads, before any spikes in front of it: [batch, time, C] for ids
    /// [batch, time]. The output matrix needs no weights for that.
    constexpr auto hidden(auto ids) const {
        auto const embedded = emb(ids);
        auto const x = ln0(config.spikes.binary_embedding ? to_numbers(signs(embedded)) : embedded);
        tap(*this, "ln0", x);
        auto const y = ln_out(chain(blocks, x));
        tap(*this, "ln_out", y);
        return y;
    }

    /// Form C of init_spikegpt(), which has others. Throws Error if a parameter is bound to
    /// constant numbers.
    void init(Rng& rng) { init_spikegpt(*this, Initialisation::C, rng); }

    /// The name of a parameter in the official files, and those of event nodes in the files of
    /// their reference.
    static std::string file_name(std::string_view name) {
        return (name.starts_with("ln0.") ? "blocks.0." : "") + threshold_name(name);
    }

    /// Extents of one in front of a parameter's shape in the official files.
    static int file_leading_ones(std::string_view name) {
        return name.find(".time_mix_") != std::string_view::npos ? 2 : 0;
    }

    /// The given configuration with the sizes that are part of the type.
    static constexpr SpikeGptConfig with_static_sizes(SpikeGptConfig c) {
        c.vocabulary = V == dyn ? c.vocabulary : V;
        c.channels = C == dyn ? c.channels : C;
        c.layers = L == dyn ? c.layers : L;
        c.hidden = H == dyn ? c.hidden : H;
        return c;
    }

private:
    constexpr auto read(auto y) const {
        if (ev_head.has_value()) { return head((*ev_head)(y)); }
        return config.spikes.inputs == Inputs::lif ? head(lif_head(y)) : head(y);
    }

    static constexpr std::optional<Events> head_events(SpikeGptConfig const& c,
                                                       Surrogate const& surrogate) {
        if (!reads_events(c.spikes.inputs)) { return std::nullopt; }
        return Events{.channels = c.channels,
                      .most = c.levels.head,
                      .fan_out = c.vocabulary,
                      .surrogate = surrogate};
    }

    /// The thresholds of a node are a parameter of its layer in files.
    static std::string threshold_name(std::string_view name) {
        struct Pair {
            std::string_view ours, theirs;
        };
        static constexpr std::array<Pair, 8> pairs{{{"ev_x.threshold", "threshold"},
                                                    {"ev_o.threshold", "output_threshold"},
                                                    {"ev_k.threshold", "threshold_k"},
                                                    {"ffn.ev_v.threshold", "ffn.value_threshold"},
                                                    {"Pre.ev_v.threshold", "Pre.value_threshold"},
                                                    {"ev_v.threshold", "threshold_v"},
                                                    {"ev_r.threshold", "threshold_r"},
                                                    {"ev_head.threshold", "head_threshold"}}};
        for (Pair const& pair : pairs) {
            if (name.ends_with(pair.ours)) {
                name.remove_suffix(pair.ours.size());
                return std::string(name) + std::string(pair.theirs);
            }
        }
        return std::string(name);
    }

    constexpr auto signs(auto embedded) const {
        return detail::show(emb, heaviside(embedded, 0.0, Arctan{}));
    }

    static constexpr SpikeGptConfig checked(SpikeGptConfig c, Surrogate const& surrogate) {
        constexpr std::string_view name = surrogate_name<Surrogate>();
        if (!c.surrogate.empty() && c.surrogate != name) {
            fail("spikegpt", "the configuration is of the surrogate '" + std::string(c.surrogate) +
                                 "', the type has '" + std::string(name) + "'");
        }
        c.surrogate = name;
        if constexpr (Sloped<Surrogate>) { c.slope = surrogate.slope; }
        c.check();
        if (L != dyn && c.layers != L) {
            fail("spikegpt",
                 std::to_string(c.layers) + " layers given, the type says " + std::to_string(L));
        }
        return c;
    }

    static constexpr auto make_blocks(SpikeGptConfig const& c, Surrogate const& surrogate) {
        if constexpr (L == dyn) {
            std::vector<Block> list;
            list.reserve(static_cast<std::size_t>(c.layers));
            for (index i = 0; i < c.layers; ++i) { list.emplace_back(c, i, surrogate); }
            return list;
        } else {
            return [&]<std::size_t... Is>(std::index_sequence<Is...>) {
                return std::array<Block, sizeof...(Is)>{
                    Block(c, static_cast<index>(Is), surrogate)...};
            }
            (std::make_index_sequence<static_cast<std::size_t>(L)>{});
        }
    }
};

}  // namespace spikelet
