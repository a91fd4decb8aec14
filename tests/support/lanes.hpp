// SPDX-License-Identifier: MIT
//
// What is in the lanes of a batch.
#pragma once

#include <numeric>
#include <vector>

#include <spikelet/kernels/batch.hpp>

namespace spikelet::test {

template <class T>
using Batch = simd::Batch<T, Serial<>>;

template <class B>
std::vector<typename B::value_type> lanes_of(B const& x) {
    std::vector<typename B::value_type> lanes(B::size);
    x.store_unaligned(lanes.data());
    return lanes;
}

/// 1, 2, 3, ...
template <class T>
std::vector<T> ascending(index n) {
    std::vector<T> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), T(1));
    return numbers;
}

}  // namespace spikelet::test
