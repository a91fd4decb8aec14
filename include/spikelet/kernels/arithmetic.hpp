// SPDX-License-Identifier: MIT
// How the numbers of a dense product are packed and multiplied. A packed lane holds `depths`
// numbers that follow one another along the depth of the product: one where products are taken in
// the type of the numbers, more where several are rounded into the room of one.
#pragma once

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Products in T itself, one fused multiply-add after another.
template <class T, class Policy>
struct Arithmetic {
    /// Of factors, results and packed lanes.
    using Number = T;
    /// Lanes in a register.
    using Batch = simd::Batch<T, Policy>;
    static constexpr index depths = 1;  ///< rows of numbers that a lane holds

    /// Lanes from numbers whose depths follow one another in memory.
    template <class Lanes>
    static Batch along(T const* numbers, Lanes lanes) {
        return simd::load<Batch>(numbers, lanes);
    }

    /// Lanes from `rows` (at most `depths`) rows of numbers, each of the next depth.
    template <class Lanes>
    static Batch down(T const* numbers, index /*stride*/, index /*rows*/, Lanes lanes) {
        return simd::load<Batch>(numbers, lanes);
    }

    /// sum + a b.
    static Batch add_product(Batch const& a, Batch const& b, Batch const& sum) {
        return simd::fma(a, b, sum);
    }
};

}  // namespace spikelet::kernels
