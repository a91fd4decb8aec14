// SPDX-License-Identifier: MIT
// RWKV-4 time mixing, with or without spikes in front of its matrices (docs/numerics.md,
// "SpikeGPT", "WKV" and "Events"; Peng et al., arXiv 2305.13048; Zhu et al., arXiv 2302.13939):
//   k, v, r = W_k, W_v, W_r on token-shifted inputs;  y = W_o (sigmoid(r) wkv(k, v))
// What stands in front of the four matrices is a value (nn/inputs.hpp). Events in front of W_o are
// those of a row divided by its root mean square.
#pragma once

#include <optional>

#include <spikelet/core/rng.hpp>
#include <spikelet/nn/curves.hpp>
#include <spikelet/nn/event_node.hpp>
#include <spikelet/nn/inputs.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/event_shift.hpp>
#include <spikelet/ops/rms_norm.hpp>
#include <spikelet/ops/shift.hpp>
#include <spikelet/ops/wkv.hpp>

namespace spikelet {

/// x [batch, time, C] -> [batch, time, C]. Members carry the names of the official files.
template <index C, class Surrogate = Arctan, class T = float, class W = T>
struct TimeMix {
    /// A node with a threshold for each channel.
    using Events = EventNode<C, graded<3>, Surrogate, T>;
    /// The same with signs, in front of the output matrix.
    using SignedEvents = EventNode<C, signed_graded<3>, Surrogate, T>;

    [[no_unique_address]] Size<C> channels{};  ///< C
    Inputs inputs = Inputs::numbers;  ///< event nodes are made of it and `levels` at the start
    Lif<Surrogate> neuron{};          ///< what LIF neurons in front of k, v and r start as
    Lif<Surrogate> output_neuron = neuron;  ///< the same in front of the output matrix
    EventLevelOptions levels{};             ///< of graded spikes, at most

    BasicParameter<T, C> time_decay{channels};  ///< wkv() decays by e^-exp(time_decay) a step
    BasicParameter<T, C> time_first{channels};  ///< wkv()'s bonus of the current step
    /// Share of now in what key reads; the rest is then.
    BasicParameter<T, C> time_mix_k{channels};
    BasicParameter<T, C> time_mix_v{channels};       ///< the same for value
    BasicParameter<T, C> time_mix_r{channels};       ///< the same for receptance
    Linear<C, C, W> key{channels, channels};         ///< W_k
    Linear<C, C, W> value{channels, channels};       ///< W_v
    Linear<C, C, W> receptance{channels, channels};  ///< W_r
    Linear<C, C, W> output{channels, channels};      ///< W_o
    Lif<Surrogate> lif_k = neuron;                   ///< in front of key
    Lif<Surrogate> lif_v = neuron;                   ///< in front of value
    Lif<Surrogate> lif_r = neuron;                   ///< in front of receptance
    Lif<Surrogate> lif_o = output_neuron;            ///< in front of output
    /// With shared events: in front of the token shift.
    std::optional<Events> ev_x = events_if(inputs == Inputs::shared_events, 3);
    /// With own events: in front of key.
    std::optional<Events> ev_k = events_if(inputs == Inputs::own_events, 1);
    /// With own events: in front of value.
    std::optional<Events> ev_v = events_if(inputs == Inputs::own_events, 1);
    /// With own events: in front of receptance.
    std::optional<Events> ev_r = events_if(inputs == Inputs::own_events, 1);
    /// With either events: in front of output.
    std::optional<SignedEvents> ev_o = output_events();
    SPIKELET_PARTS(time_decay, time_first, time_mix_k, time_mix_v, time_mix_r, key, value,
                   receptance, output, lif_k, lif_v, lif_r, lif_o, ev_x, ev_k, ev_v, ev_r, ev_o)

    constexpr auto operator()(auto x) const {
        check_nodes("time mix", inputs, ev_x.has_value(), ev_k.has_value());
        if (ev_x.has_value()) {
            auto const s = event_shift((*ev_x)(x), time_mix_k, time_mix_v, time_mix_r);
            return mixed(s[0], s[1], s[2]);
        }
        auto const now = shift_mix(x, time_mix_k, time_mix_v, time_mix_r);
        if (ev_k.has_value() && ev_v.has_value() && ev_r.has_value()) {
            auto const s_k = (*ev_k)(now[0]);
            auto const s_v = (*ev_v)(now[1]);
            return mixed(s_k, s_v, (*ev_r)(now[2]));
        }
        if (inputs == Inputs::lif) {
            auto const s_k = lif_k(now[0]);
            auto const s_v = lif_v(now[1]);
            return mixed(s_k, s_v, lif_r(now[2]));
        }
        return mixed(now[0], now[1], now[2]);
    }

    /// RWKV's curves (nn/curves.hpp), unless told otherwise for a layer in the middle of a model;
    /// matrices uniform. Throws Error if a parameter is bound to constant numbers.
    void init(Rng& rng, LayerPlace place = {}) {
        init_time_curves(*this, place);
        for (auto* matrix : {&key, &value, &receptance, &output}) { matrix->init(rng); }
        init_events(rng);
    }

    /// First thresholds, where there are event nodes. Throws Error like init().
    void init_events(Rng& rng) {
        for (auto* node : {&ev_x, &ev_k, &ev_v, &ev_r}) {
            if (node->has_value()) { (*node)->init(rng); }
        }
        if (ev_o.has_value()) { ev_o->init(rng); }
    }

private:
    // One after another: arguments have no order of evaluation, and a state has that of its ops.
    constexpr auto mixed(auto in_k, auto in_v, auto in_r) const {
        auto const k = key(in_k);
        auto const v = value(in_v);
        auto const r = receptance(in_r);
        auto const y = wkv(k, v, time_decay, time_first);
        tap(*this, "k", k);
        tap(*this, "v", v);
        tap(*this, "r", r);
        tap(*this, "wkv", y);
        auto const gated = gate(r, y);
        tap(*this, "y", gated);
        if (ev_o.has_value()) { return output((*ev_o)(rms_norm(gated))); }
        return inputs == Inputs::lif ? output(lif_o(gated)) : output(gated);
    }

    /// A node whose events so many matrices read.
    constexpr std::optional<Events> events_if(bool wanted, index matrices) const {
        if (!wanted) { return std::nullopt; }
        return Events{.channels = channels,
                      .most = levels.inputs,
                      .fan_out = matrices * channels,
                      .surrogate = neuron.surrogate};
    }
    constexpr std::optional<SignedEvents> output_events() const {
        if (!reads_events(inputs)) { return std::nullopt; }
        return SignedEvents{.channels = channels,
                            .most = levels.output,
                            .fan_out = channels,
                            .surrogate = neuron.surrogate};
    }
};

}  // namespace spikelet
