// SPDX-License-Identifier: MIT
// The sums of the lanes of four batches at once. One by one each takes as many shuffles as all of
// them together. Lanes are added in pairs within 16 bytes, which every processor shuffles quickly;
// what is left is one number for each 16 bytes, in as few batches as hold four of them.
#pragma once

#include <array>

#include <utility>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

namespace detail {

/// Every second lane of a, then of b, in each 16 bytes; the first or the second of each pair.
template <std::size_t First, class B, std::size_t... Is>
[[gnu::always_inline]] inline B every_second(B const& a, B const& b, std::index_sequence<Is...>) {
    constexpr std::size_t piece = 16 / sizeof(typename B::value_type);
    constexpr std::size_t half = piece / 2;
    return B(__builtin_shufflevector(
        a.data, b.data,
        (Is / piece * piece + Is % half * 2 + First + (Is % piece < half ? 0 : B::size))...));
}

/// The sums of neighbours: of a, then of b, in each 16 bytes.
template <class B>
[[gnu::always_inline]] inline B add_pairs(B const& a, B const& b) {
    constexpr auto lanes = std::make_index_sequence<B::size>{};
    return every_second<0>(a, b, lanes) + every_second<1>(a, b, lanes);
}

}  // namespace detail

/// Four sums of lanes, still apart by 16 bytes.
template <class B>
class LaneSums {
    using T = typename B::value_type;
    static constexpr index width = simd::width<B>;
    static constexpr index piece = 16 / static_cast<index>(sizeof(T));

public:
    static constexpr index count = 4;  ///< how many sums
    /// Numbers that they take in memory.
    static constexpr index size = count / piece * width;

    /// Of each batch's lanes.
    [[gnu::always_inline]] explicit LaneSums(std::array<B, count> const& x) {
        B const first = detail::add_pairs(x[0], x[1]);
        B const second = detail::add_pairs(x[2], x[3]);
        if constexpr (piece == count) {
            parts_ = {detail::add_pairs(first, second)};
        } else {
            parts_ = {first, second};
        }
    }

    /// Writes them to memory, or adds them to what was written there.
    [[gnu::always_inline]] void add_to(T* to, bool fresh) const {
        simd::unrolled<count / piece>([&](auto p) {
            T* const part = to + static_cast<index>(p) * width;
            B const sum = fresh ? parts_[p] : simd::load<B>(part, simd::Full{}) + parts_[p];
            simd::store(part, sum, simd::Full{});
        });
    }

    /// Sum i of those that were written.
    static T number(T const* from, index i) {
        T const* const part = from + i / piece * width + i % piece;
        T total = part[0];
        for (index lane = piece; lane < width; lane += piece) { total += part[lane]; }
        return total;
    }

private:
    std::array<B, static_cast<std::size_t>(count / piece)> parts_;
};

}  // namespace spikelet::kernels
