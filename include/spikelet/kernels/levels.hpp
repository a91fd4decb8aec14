// SPDX-License-Identifier: MIT
// Graded spikes from numbers: how many thresholds u has passed, u in units of the first one. D is
// the most there may be; with a sign thresholds are moved down by rho.
//   without   s = clamp(floor(u), 0, D)                       thresholds 1, 2, .. D
//   with      s = sign(u) clamp(floor(|u| + rho), 0, D)       3/4, 7/4, .. and their negatives
// Backward, one bump g of a surrogate (kernels/surrogate.hpp) stands at every threshold:
//   ds/du = sum over n = 1..D of g(u - (n - rho))             with a sign: + g(u + (n - rho))
#pragma once

#include <string>

#include <spikelet/core/error.hpp>
#include <spikelet/kernels/simd.hpp>

namespace spikelet {

/// A learned threshold counts as at least this, so that no number is divided by zero.
inline constexpr double least_threshold = 1e-3;

/// The levels that spikes of kind S take: whole numbers from 0, or with a sign from -most, to most.
template <SpikeKind S>
struct EventLevels {
    /// The most that S holds, with either sign if it has one.
    static constexpr int highest = [] {
        int sum = 0;
        for (int const weight : Element<S>::plane_weights) { sum += weight > 0 ? weight : 0; }
        return sum;
    }();
    /// Whether levels go below 0.
    static constexpr bool has_sign = Element<S>::plane_weights.back() < 0;
    /// How far thresholds are moved down.
    static constexpr double rho = has_sign ? 0.25 : 0.0;

    int most = highest;  ///< levels that are in use, with either sign
};

/// Levels up to `most`. Throws Error unless there is at least one, and S holds them.
template <SpikeKind S>
constexpr EventLevels<S> checked_levels(char const* op, int most) {
    constexpr int highest = EventLevels<S>::highest;
    if (most < 1 || most > highest) {
        fail(op, "levels are " + std::to_string(most) + ", this kind of spike has 1 to " +
                     std::to_string(highest));
    }
    return {most};
}

namespace kernels {

/// The level of u: a whole number, 0 for NaN. Right at a threshold it has passed it.
template <SpikeKind S, class B>
[[gnu::always_inline]] inline B level_of(B const& u, EventLevels<S> levels) {
    using Levels = EventLevels<S>;
    B const most = simd::constant<B>(levels.most);
    B const distance = Levels::has_sign ? simd::abs(u) + simd::constant<B>(Levels::rho) : u;
    B const risen = simd::select(distance > B(0), distance, B(0));
    B const level = simd::floor(simd::select(risen < most, risen, most));
    return Levels::has_sign ? simd::select(u < B(0), B(0) - level, level) : level;
}

/// 1 where x has reached `first`, -1 where it has reached -first and S has a sign, else 0.
template <SpikeKind S, class B>
[[gnu::always_inline]] inline B sign_from(B const& x, B const& first) {
    B const up = simd::select(x >= first, B(1), B(0));
    return EventLevels<S>::has_sign ? simd::select(x <= -first, B(-1), up) : up;
}

/// The sign of the level of u, 0 without one.
template <SpikeKind S, class B>
[[gnu::always_inline]] inline B sign_of_level(B const& u) {
    return sign_from<S>(u, simd::constant<B>(1 - EventLevels<S>::rho));
}

/// How far apart levels are, in which u counts; NaN for NaN.
template <class B>
[[gnu::always_inline]] inline B step_of(B const& threshold) {
    return (simd::max)(simd::constant<B>(least_threshold), threshold);
}

/// x, but 0 where the step does not follow the threshold, which then has no gradient.
template <class B>
[[gnu::always_inline]] inline B where_step_follows(B const& threshold, B const& x) {
    return simd::zero_where(threshold < simd::constant<B>(least_threshold), x);
}

/// Sets the bits of levels that S holds in the planes of 64 elements, which have no bits there yet;
/// the first lane is element `shift`.
template <SpikeKind S, class B>
[[gnu::always_inline]] inline void store_levels(B const& level, word* planes, index shift,
                                                auto lanes) {
    constexpr auto& weights = Element<S>::plane_weights;
    B rest = level;
    // From the last plane on: what is negative, then ever smaller powers of two.
    simd::unrolled<Element<S>::planes>([&](auto turn) {
        constexpr std::size_t p = weights.size() - 1 - turn;
        B const weight = simd::constant<B>(weights[p]);
        auto const set = weights[p] < 0 ? rest < B(0) : rest >= weight;
        planes[p] |= simd::in_use(simd::to_bits(set), lanes) << shift;
        if constexpr (p > 0) { rest = simd::select(set, rest - weight, rest); }
    });
}

/// d level / d u: the bumps of `surrogate` at all thresholds, in ascending order of these.
template <SpikeKind S, class Surrogate, class B>
[[gnu::always_inline]] inline B slope_of(Surrogate surrogate, B const& u, EventLevels<S> levels) {
    using Levels = EventLevels<S>;
    B sum(0);
    for (int n = 1; n <= levels.most; ++n) {
        B const threshold = simd::constant<B>(n - Levels::rho);
        // Not sum += surrogate(..): some end in a product, which a compiler may fuse, or not.
        sum = simd::fma(B(1), surrogate(u - threshold), sum);
        if constexpr (Levels::has_sign) { sum = simd::fma(B(1), surrogate(u + threshold), sum); }
    }
    return sum;
}

}  // namespace kernels
}  // namespace spikelet
