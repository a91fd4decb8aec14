// SPDX-License-Identifier: MIT
// Learned numbers of which there is one for each channel, or one for all.
#pragma once

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// [C] numbers, or [1] that all channels share.
template <class T>
struct Weight {
    T const* value;  ///< the first
    bool shared;     ///< whether there is only one

    /// Those of the channels from c on.
    template <class B>
    B at(index c, auto lanes) const {
        return shared ? B(*value) : simd::load<B>(value + c, lanes);
    }
};

/// dw [C], or [1] where it is shared, += the gradients of C channels. dw may be null.
template <class Policy, class T>
void add_weight(Policy, index C, T const* of_channels, bool shared, T* dw) {
    using B = simd::Batch<T, Policy>;
    if (dw == nullptr) { return; }
    if (shared) {
        auto const [sum] = simd::sums_over<B, 1>(C, [&](auto& sums, index c, auto lanes) {
            sums[0] += simd::load<B>(of_channels + c, lanes);
        });
        *dw += simd::sum(sum);
    } else {
        simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
            simd::accumulate(dw, c, simd::load<B>(of_channels + c, lanes), lanes);
        });
    }
}

}  // namespace spikelet::kernels
