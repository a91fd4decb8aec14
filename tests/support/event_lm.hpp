// SPDX-License-Identifier: MIT
//
// A small language model whose matrices read events: graded and signed ones, a token shift that
// selects, activations above thresholds.
#pragma once

#include <array>
#include <cmath>

#include <spikelet/autodiff/chain.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/event_node.hpp>
#include <spikelet/nn/layer_norm.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/nn/threshold_relu2.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/event_shift.hpp>
#include <spikelet/ops/rms_norm.hpp>

#include <support/tiny_lm.hpp>

namespace spikelet::test {

template <index C, class T>
struct EventBlock {
    LayerNorm<C, T> norm;
    EventNode<C, graded<3>, Arctan, T> node{.fan_out = 2 * C};
    BasicParameter<T, C> mix_k, mix_v;
    Linear<C, C, T> key, value, out;
    ThresholdRelu2<C, T> active{.fan_out = C};
    EventNode<C, signed_graded<3>, Arctan, T> out_node{.fan_out = C};
    SPIKELET_PARTS(norm, node, mix_k, mix_v, key, value, out, active, out_node)

    constexpr auto operator()(auto x) const {
        auto const s = event_shift(node(norm(x)), mix_k, mix_v);
        auto const y = active(key(s[0])) * value(s[1]);
        return x + out(out_node(rms_norm(y)));
    }
};

/// 11 tokens, C channels, two blocks.
template <class T = float, index C = 67>
struct EventLm {
    Embedding<11, C, T> embed;
    std::array<EventBlock<C, T>, 2> blocks;
    Linear<C, 11, T> head;
    SPIKELET_PARTS(embed, blocks, head)

    constexpr auto operator()(auto ids) const { return head(chain(blocks, embed(ids))); }
};

/// A model with weights, and gradients. Events of all levels occur.
template <class T = float, index C = 67>
EventLm<T, C> event_lm(std::uint64_t seed = 1) {
    EventLm<T, C> model;
    allocate(model, true);
    Rng rng(seed);
    each_parameter(model, [&](std::string_view name, auto& p) {
        bool const matrix = std::remove_reference_t<decltype(p)>::extents_type::rank == 2;
        double const scale = matrix && name != "embed.weight" ? 1 / std::sqrt(double(C)) : 1.0;
        for (T& w : p.span()) {
            double const normal = rng.normal();
            double value = scale * normal;
            if (name.ends_with("threshold")) { value = 0.2 + 0.1 * std::abs(normal); }
            if (name.find(".mix_") != std::string_view::npos) { value = 0.5 + normal; }
            if (name.ends_with("norm.weight")) { value = 1 + 0.1 * normal; }
            w = static_cast<T>(value);
        }
    });
    return model;
}

}  // namespace spikelet::test
