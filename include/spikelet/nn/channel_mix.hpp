// SPDX-License-Identifier: MIT
// RWKV-4 channel mixing, with or without spikes (docs/numerics.md, "SpikeGPT" and "Events"; Peng et
// al., arXiv 2305.13048; Zhu et al., arXiv 2302.13939):
//   k, r = W_k, W_r on token-shifted inputs;  y = sigmoid(r) (W_v act(k)),  act = relu^2 or LIF
// What stands in front of W_k and W_r is a value (nn/inputs.hpp); with events, relu^2 has learned
// thresholds, so that W_v reads few channels.
#pragma once

#include <optional>

#include <spikelet/core/rng.hpp>
#include <spikelet/nn/curves.hpp>
#include <spikelet/nn/event_node.hpp>
#include <spikelet/nn/inputs.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/nn/threshold_relu2.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/event_shift.hpp>
#include <spikelet/ops/shift.hpp>

namespace spikelet {

/// x [batch, time, C] -> [batch, time, C] through H hidden channels. Members carry the names of the
/// official files.
template <index C, index H, class Surrogate = Arctan, class T = float, class W = T>
struct ChannelMix {
    /// A node with a threshold for each channel.
    using Events = EventNode<C, graded<3>, Surrogate, T>;

    [[no_unique_address]] Size<C> channels{};  ///< C
    [[no_unique_address]] Size<H> hidden{};    ///< H
    Inputs inputs = Inputs::numbers;  ///< event nodes are made of it and `levels` at the start
    bool spiking_hidden = false;      ///< LIF instead of relu^2
    Lif<Surrogate> neuron{};          ///< what all LIF neurons start as
    EventLevelOptions levels{};       ///< of graded spikes, at most

    /// Share of now in what key reads; the rest is then.
    BasicParameter<T, C> time_mix_k{channels};
    BasicParameter<T, C> time_mix_r{channels};       ///< the same for receptance
    Linear<C, H, W> key{channels, hidden};           ///< W_k
    Linear<C, C, W> receptance{channels, channels};  ///< W_r
    Linear<H, C, W> value{hidden, channels};         ///< W_v
    Lif<Surrogate> lif_k = neuron;                   ///< in front of key
    Lif<Surrogate> lif_r = neuron;                   ///< in front of receptance
    Lif<Surrogate> lif_v = neuron;                   ///< in front of value
    /// With shared events: in front of the token shift.
    std::optional<Events> ev_x = events_if(inputs == Inputs::shared_events, hidden + channels);
    /// With own events: in front of key.
    std::optional<Events> ev_k = events_if(inputs == Inputs::own_events, hidden);
    /// With own events: in front of receptance.
    std::optional<Events> ev_r = events_if(inputs == Inputs::own_events, channels);
    /// With either events: relu^2 with thresholds.
    std::optional<ThresholdRelu2<H, T>> ev_v = hidden_events();
    SPIKELET_PARTS(time_mix_k, time_mix_r, key, receptance, value, lif_k, lif_r, lif_v, ev_x, ev_k,
                   ev_r, ev_v)

    constexpr auto operator()(auto x) const {
        check_nodes("channel mix", inputs, ev_x.has_value(), ev_k.has_value());
        if (ev_x.has_value()) {
            auto const s = event_shift((*ev_x)(x), time_mix_k, time_mix_r);
            return mixed(s[0], s[1]);
        }
        auto const now = shift_mix(x, time_mix_k, time_mix_r);
        if (ev_k.has_value() && ev_r.has_value()) {
            auto const s_k = (*ev_k)(now[0]);
            return mixed(s_k, (*ev_r)(now[1]));
        }
        if (inputs == Inputs::lif) {
            auto const s_k = lif_k(now[0]);
            return mixed(s_k, lif_r(now[1]));
        }
        return mixed(now[0], now[1]);
    }

    /// RWKV's curves (nn/curves.hpp), unless told otherwise for a layer in the middle of a model;
    /// matrices uniform. Throws Error if a parameter is bound to constant numbers.
    void init(Rng& rng, LayerPlace place = {}) {
        init_channel_curves(*this, place);
        key.init(rng);
        receptance.init(rng);
        value.init(rng);
        init_events(rng);
    }

    /// First thresholds, where there are event nodes. Throws Error like init().
    void init_events(Rng& rng) {
        for (auto* node : {&ev_x, &ev_k, &ev_r}) {
            if (node->has_value()) { (*node)->init(rng); }
        }
        if (ev_v.has_value()) { ev_v->init(rng); }
    }

private:
    // One after another: arguments have no order of evaluation, and a state has that of its ops.
    constexpr auto mixed(auto in_k, auto in_r) const {
        auto const k = key(in_k);
        auto const r = receptance(in_r);
        auto const kv = spiking_hidden ? value(lif_v(k)) : value(activated(k));
        tap(*this, "k", k);
        tap(*this, "r", r);
        tap(*this, "kv", kv);
        return gate(r, kv);
    }

    constexpr auto activated(auto k) const {
        auto const h = ev_v.has_value() ? (*ev_v)(k) : relu2(k);
        tap(*this, "h", h);
        return h;
    }

    /// A node whose events so many outputs read.
    constexpr std::optional<Events> events_if(bool wanted, index fan_out) const {
        if (!wanted) { return std::nullopt; }
        return Events{.channels = channels,
                      .most = levels.inputs,
                      .fan_out = fan_out,
                      .surrogate = neuron.surrogate};
    }
    constexpr std::optional<ThresholdRelu2<H, T>> hidden_events() const {
        if (!reads_events(inputs) || spiking_hidden) { return std::nullopt; }
        return ThresholdRelu2<H, T>{.channels = hidden, .fan_out = channels};
    }
};

}  // namespace spikelet
