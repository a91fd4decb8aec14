// SPDX-License-Identifier: MIT
// Squares of numbers in registers, and their transpose: log2 W rounds of W shuffles for W lanes.
// Through memory it takes an instruction for every number.
#pragma once

#include <utility>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// As many batches as one has lanes.
template <class B>
using Square = std::array<B, B::size>;

namespace detail {

/// a0 b0 a1 b1 ..., from lane `First` of a and b on.
template <std::size_t First, class B, std::size_t... Is>
[[gnu::always_inline]] inline B zip(B const& a, B const& b, std::index_sequence<Is...>) {
    return B(__builtin_shufflevector(a.data, b.data, (First + Is / 2 + Is % 2 * B::size)...));
}

}  // namespace detail

/// Lane c of row r becomes lane r of row c. Every round is a perfect shuffle of the rows, and log2
/// W of them bring each number to its mirror image.
template <class B>
[[gnu::always_inline]] inline void transpose(Square<B>& rows) {
    constexpr std::size_t half = B::size / 2;
    constexpr auto lanes = std::make_index_sequence<B::size>{};
    for (std::size_t round = 1; round < B::size; round *= 2) {
        Square<B> const before = rows;
        simd::unrolled<static_cast<index>(half)>([&](auto i) {
            rows[2 * i] = detail::zip<0>(before[i], before[i + half], lanes);
            rows[2 * i + 1] = detail::zip<half>(before[i], before[i + half], lanes);
        });
    }
}

}  // namespace spikelet::kernels
