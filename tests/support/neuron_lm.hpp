// SPDX-License-Identifier: MIT
//
// The smallest language model around neurons of some kind.
#pragma once

#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/linear.hpp>

namespace spikelet::test {

/// Tokens to spikes to logits.
template <class Neuron>
struct NeuronLm {
    Embedding<11, 70> embed;
    Neuron neuron;
    Linear<70, 9> head;
    SPIKELET_PARTS(embed, neuron, head)

    constexpr auto operator()(auto ids) const { return head(neuron(embed(ids))); }
};

/// A model with weights, and a drive of the neurons so large that they fire.
template <class Neuron>
NeuronLm<Neuron> neuron_lm(float drive, Neuron neuron = {}) {
    NeuronLm<Neuron> model{.embed = {}, .neuron = std::move(neuron), .head = {}};
    Rng rng(1);
    init(model, rng);
    for (float& w : model.embed.weight.span()) { w *= drive; }
    return model;
}

}  // namespace spikelet::test
