// SPDX-License-Identifier: MIT
//
// Sizes at which kernels may go wrong: around the edges of vectors and words of spikes.
#pragma once

#include <doctest/doctest.h>

#include <spikelet/kernels/sizes.hpp>

namespace spikelet::test {

/// Calls f(channels).
template <class F>
void each_odd_width(F&& f) {
    for (index const channels : {1, 15, 16, 17, 63, 64, 65}) {
        CAPTURE(channels);
        f(channels);
    }
}

/// Calls f(rows, channels).
template <class F>
void each_odd_matrix(F&& f) {
    for (index const rows : {1, 2, 7}) {
        CAPTURE(rows);
        each_odd_width([&](index channels) { f(rows, channels); });
    }
}

/// Calls f(Btc); one sequence is wider than a strip.
template <class F>
void each_odd_sequence(F&& f) {
    f(kernels::Btc{2, 3, 2 * kernels::widest_strip + 17});
    for (index const batch : {1, 3}) {
        for (index const time : {1, 2, 7}) {
            CAPTURE(batch);
            CAPTURE(time);
            each_odd_width([&](index channels) { f(kernels::Btc{batch, time, channels}); });
        }
    }
}

}  // namespace spikelet::test
