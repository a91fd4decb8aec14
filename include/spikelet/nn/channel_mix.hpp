// SPDX-License-Identifier: MIT
// RWKV-4 channel mixing, with or without spikes (docs/numerics.md, "SpikeGPT"; Peng et al.,
// arXiv 2305.13048; Zhu et al., arXiv 2302.13939):
//   k, r = W_k, W_r on token-shifted inputs;  y = sigmoid(r) (W_v act(k)),  act = relu^2 or LIF
// With `spiking_inputs` a LIF stands in front of W_k and W_r, too.
#pragma once

#include <spikelet/core/rng.hpp>
#include <spikelet/nn/curves.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/shift.hpp>

namespace spikelet {

/// x [batch, time, C] -> [batch, time, C] through H hidden channels. Members carry the names of the
/// official files.
template <index C, index H, class Surrogate = Arctan, class T = float, class W = T>
struct ChannelMix {
    [[no_unique_address]] Size<C> channels{};
    [[no_unique_address]] Size<H> hidden{};
    bool spiking_inputs = false;
    bool spiking_hidden = false;
    Lif<Surrogate> neuron{};

    BasicParameter<T, C> time_mix_k{channels}, time_mix_r{channels};
    Linear<C, H, W> key{channels, hidden};
    Linear<C, C, W> receptance{channels, channels};
    Linear<H, C, W> value{hidden, channels};
    Lif<Surrogate> lif_k = neuron, lif_r = neuron, lif_v = neuron;
    SPIKELET_PARTS(time_mix_k, time_mix_r, key, receptance, value, lif_k, lif_r, lif_v)

    constexpr auto operator()(auto x) const {
        auto const mixed = shift_mix(x, time_mix_k, time_mix_r);
        auto const project = [&](auto const& now, auto const& node, auto const& matrix) {
            return spiking_inputs ? matrix(node(now)) : matrix(now);
        };
        auto const k = project(mixed[0], lif_k, key);
        auto const r = project(mixed[1], lif_r, receptance);
        auto const kv = spiking_hidden ? value(lif_v(k)) : value(relu2(k));
        tap(*this, "k", k);
        tap(*this, "r", r);
        tap(*this, "kv", kv);
        return gate(r, kv);
    }

    /// RWKV's curves (nn/curves.hpp), unless told otherwise for a layer in the middle of a model;
    /// matrices uniform. Throws Error if a parameter is bound to constant numbers.
    void init(Rng& rng, LayerPlace place = {}) {
        init_channel_curves(*this, place);
        key.init(rng);
        receptance.init(rng);
        value.init(rng);
    }
};

}  // namespace spikelet
