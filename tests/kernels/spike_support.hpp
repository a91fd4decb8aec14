// SPDX-License-Identifier: MIT
//
// Random spikes, and their products in the order that all forms keep.
#pragma once

#include <algorithm>
#include <vector>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/blocked_product.hpp>
#include <spikelet/kernels/spike_groups.hpp>

#include <kernels/matmul_support.hpp>
#include <support/reference.hpp>

namespace spikelet::test {

/// Rows of packed spikes, and the same as numbers.
template <class T>
struct RandomSpikes {
    index inputs;
    std::vector<word> packed;
    std::vector<T> numbers;

    RandomSpikes(index rows, index columns, double density, std::uint64_t seed) : inputs(columns) {
        Rng rng(seed);
        std::vector<int> flags(static_cast<std::size_t>(rows * inputs));
        std::generate(flags.begin(), flags.end(), [&] { return rng.uniform() < density; });
        numbers.assign(flags.begin(), flags.end());
        index const words = Element<bit>::row_units(inputs);
        packed.resize(static_cast<std::size_t>(rows * words));
        for (index r = 0; r < rows; ++r) {
            pack(flags.data() + r * inputs, inputs, packed.data() + r * words);
        }
    }

    /// Rows from `row` on become those of `other`.
    void replace(index row, RandomSpikes const& other) {
        std::copy(other.numbers.begin(), other.numbers.end(), numbers.begin() + row * inputs);
        std::copy(other.packed.begin(), other.packed.end(),
                  packed.begin() + row * Element<bit>::row_units(inputs));
    }

    [[nodiscard]] std::vector<T> transposed() const {
        index const rows = static_cast<index>(numbers.size()) / inputs;
        std::vector<T> result;
        for (index i = 0; i < inputs; ++i) {
            for (index r = 0; r < rows; ++r) {
                result.push_back(numbers[static_cast<std::size_t>(r * inputs + i)]);
            }
        }
        return result;
    }
};

template <class T>
std::vector<double> doubles(std::vector<T> const& x) {
    return {x.begin(), x.end()};
}

/// start + left right, left of zeros and ones: the active right rows of four are summed, sums are
/// added to the result.
template <class T>
std::vector<T> in_groups(kernels::ProductSize n, std::vector<T> const& left,
                         std::vector<T> const& right, std::vector<T> const& start) {
    std::vector<T> result = start;
    for (index r = 0; r < n.rows; ++r) {
        for (index c = 0; c < n.columns; ++c) {
            T& sum = result[static_cast<std::size_t>(r * n.columns + c)];
            for (index first = 0; first < n.depth; first += 4) {
                T group = -T(0);  // adds nothing, not even to -0
                for (index d = first; d < std::min(first + 4, n.depth); ++d) {
                    bool const fired = left[static_cast<std::size_t>(r * n.depth + d)] != 0;
                    if (fired) { group += right[static_cast<std::size_t>(d * n.columns + c)]; }
                }
                sum += group;
            }
        }
    }
    return result;
}

}  // namespace spikelet::test
