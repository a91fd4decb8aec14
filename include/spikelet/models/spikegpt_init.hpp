// SPDX-License-Identifier: MIT
// First values of a SpikeGPT, in the three forms in which they occur (docs/numerics.md,
// "Initialisation"; src/model.py of ridgerchu/SpikeGPT, which follows BlinkDL/RWKV-LM). Decays,
// first-step bonuses and token-shift weights have the curves of nn/curves.hpp, event nodes their
// first thresholds; the forms differ in the matrices.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <spikelet/core/named.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/nn/curves.hpp>
#include <spikelet/nn/init.hpp>

namespace spikelet {

/// How matrices start.
enum class Initialisation {
    A,  ///< PyTorch's defaults, which the official trainer really uses: uniform; embedding normal
    B,  ///< RWKV's initialisation as it runs: orthogonal with gain 1
    C,  ///< RWKV's initialisation as it is written: zero for what only scales or adds to the stream
};

/// A form with a name.
struct NamedInitialisation {
    std::string_view name;  ///< "A", say
    Initialisation form;    ///< its value
};

/// All of them.
inline constexpr std::array<NamedInitialisation, 3> initialisations{
    {{"A", Initialisation::A}, {"B", Initialisation::B}, {"C", Initialisation::C}}};

/// The form of that name. Throws Error that lists the names.
constexpr Initialisation find_initialisation(std::string_view name) {
    return detail::find_named("init", initialisations, name).form;
}

namespace detail {

/// A matrix of form B or C: orthogonal, or zero where gain is 0. Gains are those of [out, in].
template <class Linear>
void init_matrix(Linear& linear, double gain, Rng& rng) {
    auto& w = linear.weight;
    auto const numbers = w.writable();
    if (gain == 0.0) {
        std::ranges::fill(numbers, 0);
    } else {
        init_orthogonal(numbers.data(), w.extents()[0], w.extents()[1], gain, rng);
    }
}

template <class Channel>
void init_channel_mix(Channel& ffn, Initialisation form, LayerPlace place, Rng& rng) {
    if (form == Initialisation::A) { return ffn.init(rng, place); }
    init_channel_curves(ffn, place);
    ffn.init_events(rng);
    bool const zeros = form == Initialisation::C;
    auto const e = ffn.key.weight.extents();
    double const widening = static_cast<double>(e[1]) / static_cast<double>(e[0]);
    init_matrix(ffn.key, zeros ? std::sqrt((std::max)(1.0, widening)) : 1.0, rng);
    init_matrix(ffn.receptance, zeros ? 0.0 : 1.0, rng);
    init_matrix(ffn.value, zeros ? 0.0 : 1.0, rng);
}

template <class Time>
void init_time_mix(Time& att, Initialisation form, LayerPlace place, Rng& rng) {
    if (form == Initialisation::A) { return att.init(rng, place); }
    init_time_curves(att, place);
    att.init_events(rng);
    double const zero = form == Initialisation::C ? 0.0 : 1.0;
    init_matrix(att.key, zero, rng);
    init_matrix(att.value, 1.0, rng);
    init_matrix(att.receptance, zero, rng);
    init_matrix(att.output, zero, rng);
}

}  // namespace detail

/// Gives every parameter of a SpikeGPT memory and its first value. Throws Error, and changes
/// nothing, if one is bound to constant numbers; throws Error when memory runs out.
template <class Model>
void init_spikegpt(Model& model, Initialisation form, Rng& rng) {
    check_writable("init", model);
    auto const V = static_cast<double>(model.config.vocabulary);
    auto const C = static_cast<double>(model.config.channels);
    model.ln0.init(rng);
    model.ln_out.init(rng);
    model.emb.init(rng);
    model.head.init(rng);
    if (model.ev_head.has_value()) { model.ev_head->init(rng); }
    if (form != Initialisation::A) {
        auto const e = model.emb.weight.extents();
        init_orthogonal(model.emb.weight.value(), e[0], e[1], 1e-4 * std::sqrt((std::max)(V, C)),
                        rng);
        detail::init_matrix(model.head, 0.5 * std::sqrt((std::max)(1.0, V / C)), rng);
    }
    auto const layers = static_cast<index>(model.blocks.size());
    for (index l = 0; l < layers; ++l) {
        auto& block = model.blocks[static_cast<std::size_t>(l)];
        LayerPlace const place = place_of(l, layers);
        block.ln1.init(rng);
        block.ln2.init(rng);
        if (block.att.has_value()) { detail::init_time_mix(*block.att, form, place, rng); }
        if (block.ffnPre.has_value()) { detail::init_channel_mix(*block.ffnPre, form, place, rng); }
        detail::init_channel_mix(block.ffn, form, place, rng);
    }
}

}  // namespace spikelet
