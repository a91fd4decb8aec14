// SPDX-License-Identifier: MIT
// RWKV-4 time mixing, with or without spikes in front of its matrices (docs/numerics.md,
// "SpikeGPT" and "WKV"; Peng et al., arXiv 2305.13048; Zhu et al., arXiv 2302.13939):
//   k, v, r = W_k, W_v, W_r on token-shifted inputs;  y = W_o (sigmoid(r) wkv(k, v))
// With `spiking_inputs` a LIF stands in front of each of the four matrices.
#pragma once

#include <spikelet/core/rng.hpp>
#include <spikelet/nn/curves.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/shift.hpp>
#include <spikelet/ops/wkv.hpp>

namespace spikelet {

/// x [batch, time, C] -> [batch, time, C]. Members carry the names of the official files.
template <index C, class Surrogate = Arctan, class T = float, class W = T>
struct TimeMix {
    [[no_unique_address]] Size<C> channels{};
    bool spiking_inputs = false;
    Lif<Surrogate> neuron{};
    Lif<Surrogate> output_neuron = neuron;

    BasicParameter<T, C> time_decay{channels}, time_first{channels};
    BasicParameter<T, C> time_mix_k{channels}, time_mix_v{channels}, time_mix_r{channels};
    Linear<C, C, W> key{channels, channels}, value{channels, channels};
    Linear<C, C, W> receptance{channels, channels}, output{channels, channels};
    Lif<Surrogate> lif_k = neuron, lif_v = neuron, lif_r = neuron, lif_o = output_neuron;
    SPIKELET_PARTS(time_decay, time_first, time_mix_k, time_mix_v, time_mix_r, key, value,
                   receptance, output, lif_k, lif_v, lif_r, lif_o)

    constexpr auto operator()(auto x) const {
        auto const mixed = shift_mix(x, time_mix_k, time_mix_v, time_mix_r);
        auto const project = [&](auto const& now, auto const& node, auto const& matrix) {
            return spiking_inputs ? matrix(node(now)) : matrix(now);
        };
        auto const k = project(mixed[0], lif_k, key);
        auto const v = project(mixed[1], lif_v, value);
        auto const r = project(mixed[2], lif_r, receptance);
        auto const y = wkv(k, v, time_decay, time_first);
        tap(*this, "k", k);
        tap(*this, "v", v);
        tap(*this, "r", r);
        tap(*this, "wkv", y);
        return project(gate(r, y), lif_o, output);
    }

    /// RWKV's curves (nn/curves.hpp), unless told otherwise for a layer in the middle of a model;
    /// matrices uniform. Throws Error if a parameter is bound to constant numbers.
    void init(Rng& rng, LayerPlace place = {}) {
        init_time_curves(*this, place);
        for (auto* matrix : {&key, &value, &receptance, &output}) { matrix->init(rng); }
    }
};

}  // namespace spikelet
