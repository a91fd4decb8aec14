// SPDX-License-Identifier: MIT
//
// A small language model with everything that remembers: token shift, the weighted average of the
// past, spiking neurons; and dropout.
#pragma once

#include <array>

#include <spikelet/autodiff/chain.hpp>
#include <spikelet/core/tokens.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/layer_norm.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/shift.hpp>
#include <spikelet/ops/wkv.hpp>

namespace spikelet::test {

template <index C>
struct TinyBlock {
    LayerNorm<C> norm;
    Linear<C, C> key, value, out;
    Parameter<C> decay, bonus;
    Lif<> neuron{.options = {.tau = 2.0, .threshold = 0.25}};
    double dropout_rate = 0;
    SPIKELET_PARTS(norm, key, value, out, decay, bonus, neuron)

    constexpr auto operator()(auto x) const {
        auto const h = norm(x);
        auto const past = wkv(key(h), value(shift(h)), decay, bonus);
        auto const y = out(past);
        return dropout(x + y + neuron(y), dropout_rate);
    }
};

/// V tokens, C channels, L blocks.
template <index V = 11, index C = 9, index L = 3>
struct TinyLm {
    Embedding<V, C> embed;
    std::array<TinyBlock<C>, static_cast<std::size_t>(L)> blocks;
    LayerNorm<C> norm;
    Linear<C, V> head;
    SPIKELET_PARTS(embed, blocks, norm, head)

    constexpr auto operator()(auto ids) const { return head(norm(chain(blocks, embed(ids)))); }
};

/// A model with weights.
template <class Model = TinyLm<>>
Model tiny_lm(std::uint64_t seed = 1) {
    Model model;
    Rng rng(seed);
    init(model, rng);
    each_parameter(model, [&](std::string_view name, auto& p) {
        if (name.ends_with("decay") || name.ends_with("bonus")) {
            for (float& w : p.span()) { w = static_cast<float>(rng.normal()); }
        }
        // Large enough that neurons fire.
        if (name.ends_with("out.weight")) {
            for (float& w : p.span()) { w *= 4; }
        }
    });
    return model;
}

inline Tokens random_tokens(index batch, index time, index vocabulary, std::uint64_t seed = 5) {
    Tokens tokens;
    tokens.resize(batch, time);
    Rng rng(seed);
    for (auto& id : tokens.ids) { id = static_cast<std::int32_t>(rng.below(vocabulary)); }
    return tokens;
}

/// Steps [from, to) of every sequence.
inline Tokens part_of(Tokens const& tokens, index from, index to) {
    Tokens part;
    part.resize(tokens.batch, to - from);
    for (index b = 0; b < tokens.batch; ++b) {
        auto const row = tokens.row(b);
        std::copy(row.begin() + from, row.begin() + to, part.row(b).begin());
    }
    return part;
}

}  // namespace spikelet::test
