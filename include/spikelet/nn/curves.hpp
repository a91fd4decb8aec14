// SPDX-License-Identifier: MIT
// RWKV's first values over channels, by where a layer stands in its model (docs/numerics.md,
// "Initialisation"; src/model.py of BlinkDL/RWKV-LM). For channel c of C, p = c/(C-1), x = c/C:
//   time_decay = -5 + 8 p^(0.7 + 1.3 depth);  time_first = ln 0.3 + 0.5 ((c+1) mod 3 - 1)
//   time mixing     m_k = x^left;  m_v = x^left + 0.3 depth;  m_r = x^(left/2)
//   channel mixing  m_k = m_r = x^left
#pragma once

#include <cmath>

#include <spikelet/core/extents.hpp>

namespace spikelet {

/// Where a layer stands in its model. The default is the middle, for layers that do not know.
struct LayerPlace {
    double depth = 0.5;  ///< from 0, the first layer, to 1, the last
    double left = 0.5;   ///< the part of all layers that is not below it, from 1 to above 0
};

namespace detail {

/// Position of channel or layer i among n, from 0 to 1.
constexpr double position(index i, index n) {
    return n > 1 ? static_cast<double>(i) / static_cast<double>(n - 1) : 0.0;
}

template <class P, class F>
void init_channels(P& parameter, F f) {
    index c = 0;
    for (auto& w : parameter.writable()) { w = static_cast<typename P::scalar>(f(c++)); }
}

template <class P>
void init_mix(P& parameter, double exponent, double offset = 0.0) {
    auto const channels = static_cast<double>(parameter.size());
    init_channels(parameter, [&](index c) {
        return std::pow(static_cast<double>(c) / channels, exponent) + offset;
    });
}

}  // namespace detail

/// The place of layer l among so many.
constexpr LayerPlace place_of(index l, index layers) {
    return {detail::position(l, layers),
            1.0 - static_cast<double>(l) / static_cast<double>(layers)};
}

/// Gives the decays, bonuses and token-shift weights of a TimeMix their first values. Throws Error
/// if one of them is bound to constant numbers.
template <class Time>
void init_time_curves(Time& layer, LayerPlace place = {}) {
    detail::init_channels(layer.time_decay, [&](index c) {
        auto const p = detail::position(c, layer.time_decay.size());
        return -5 + 8 * std::pow(p, 0.7 + 1.3 * place.depth);
    });
    detail::init_channels(layer.time_first, [](index c) {
        return std::log(0.3) + 0.5 * static_cast<double>((c + 1) % 3 - 1);
    });
    detail::init_mix(layer.time_mix_k, place.left);
    detail::init_mix(layer.time_mix_v, place.left, 0.3 * place.depth);
    detail::init_mix(layer.time_mix_r, 0.5 * place.left);
}

/// Gives the token-shift weights of a ChannelMix their first values. Throws Error if one of them is
/// bound to constant numbers.
template <class Channel>
void init_channel_curves(Channel& layer, LayerPlace place = {}) {
    detail::init_mix(layer.time_mix_k, place.left);
    detail::init_mix(layer.time_mix_r, place.left);
}

}  // namespace spikelet
