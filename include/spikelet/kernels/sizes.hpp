// SPDX-License-Identifier: MIT
// Sizes of a sequence of activations, and how kernels that run along time share them out.
#pragma once

#include <algorithm>

#include <spikelet/core/element.hpp>
#include <spikelet/core/policy.hpp>

namespace spikelet::kernels {

/// Batch, time, channels.
struct Btc {
    index B;
    index T;
    index C;
};

/// Channels that one pass along time takes together: one word of spikes.
inline constexpr index strip = bits_per_word;

/// Calls f(b, first, last) for every sequence b and every strip of channels [first, last), shared
/// among the policy's threads. Strips never meet, so the result has the same bits for any sharing.
template <class Policy, class F>
void for_each_strip(Policy policy, Btc n, F&& f) {
    index const strips = (n.C + strip - 1) / strip;
    auto some = [&](index begin, index end) {
        for (index i = begin; i < end; ++i) {
            index const first = i % strips * strip;
            f(i / strips, first, std::min(first + strip, n.C));
        }
    };
    parallel_for(policy, n.B * strips, some, grain_of(256, n.T));
}

}  // namespace spikelet::kernels
