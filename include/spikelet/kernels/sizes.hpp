// SPDX-License-Identifier: MIT
// Sizes of a sequence of activations, and how kernels that run along time share them out.
#pragma once

#include <algorithm>

#include <spikelet/core/element.hpp>
#include <spikelet/core/policy.hpp>

/// Forward and backward on plain pointers. Sizes are values, so that a kernel is compiled once for
/// a type of numbers and a policy.
namespace spikelet::kernels {

/// Batch, time, channels.
struct Btc {
    index B;  ///< batch
    index T;  ///< time
    index C;  ///< channels
};

/// Channels that a pass along time takes together at most. Rows of memory are read as streams,
/// whole ones if possible: a strip of 256 out of 2048 channels begins another stream every KiB,
/// which costs up to five sixths of the bandwidth. What is carried along stays in the L2 cache.
inline constexpr index widest_strip = 2048;
/// The same for passes over few steps, which must do with little stack.
inline constexpr index narrow_strip = 256;

/// Calls f(b, first, last) for every sequence b and every strip of at most `widest` channels
/// [first, last), whole words of spikes but for the last, shared among the policy's threads. Strips
/// never meet, so the result has the same bits for any sharing.
template <class Policy, class F>
void for_each_strip(Policy policy, Btc n, F&& f, index widest = widest_strip) {
    index const words = (n.C + bits_per_word - 1) / bits_per_word;
    index const threads_each = std::max<index>(thread_count(policy) / std::max<index>(n.B, 1), 1);
    index const strip = std::clamp(words / threads_each * bits_per_word, bits_per_word, widest);
    index const strips = (n.C + strip - 1) / strip;
    auto some = [&](index begin, index end) {
        for (index i = begin; i < end; ++i) {
            index const first = i % strips * strip;
            f(i / strips, first, (std::min)(first + strip, n.C));
        }
    };
    parallel_for(policy, n.B * strips, some, grain_of(16384, n.T * strip));
}

}  // namespace spikelet::kernels
