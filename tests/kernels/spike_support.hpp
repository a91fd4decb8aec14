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

/// Rows of packed spikes of kind S, and the same as numbers. Values of active ones are all that S
/// has, unless `ones` asks for the value 1 alone.
template <class T, class S = bit>
struct RandomSpikes {
    index inputs;
    std::vector<word> packed;
    std::vector<T> numbers;

    RandomSpikes(index rows, index columns, double density, std::uint64_t seed, bool ones = false)
        : inputs(columns) {
        Rng rng(seed);
        Rng values(seed + 1000);
        numbers.resize(static_cast<std::size_t>(rows * inputs));
        for (T& number : numbers) {
            number = T(rng.uniform() < density ? ones ? 1 : active_value(values) : 0);
        }
        index const words = Element<S>::row_units(inputs);
        packed.resize(static_cast<std::size_t>(rows * words));
        for (index r = 0; r < rows; ++r) {
            pack<S>(numbers.data() + r * inputs, inputs, packed.data() + r * words);
        }
    }

    /// Rows from `row` on become those of `other`.
    void replace(index row, RandomSpikes const& other) {
        std::copy(other.numbers.begin(), other.numbers.end(), numbers.begin() + row * inputs);
        std::copy(other.packed.begin(), other.packed.end(),
                  packed.begin() + row * Element<S>::row_units(inputs));
    }

    [[nodiscard]] std::vector<T> transposed() const {
        index const rows = static_cast<index>(numbers.size()) / std::max<index>(inputs, 1);
        std::vector<T> result;
        for (index i = 0; i < inputs; ++i) {
            for (index r = 0; r < rows; ++r) {
                result.push_back(numbers[static_cast<std::size_t>(r * inputs + i)]);
            }
        }
        return result;
    }

private:
    static int active_value(Rng& rng) {
        constexpr std::uint64_t codes = std::uint64_t{1} << Element<S>::planes;
        int value = 0;
        while (value == 0) { value = worth<S>(static_cast<unsigned>(rng.below(codes))); }
        return value;
    }
};

template <class T>
std::vector<double> doubles(std::vector<T> const& x) {
    return {x.begin(), x.end()};
}

/// start + left right, left of spikes as numbers: the active right rows of four are summed, and
/// sums are added to the result.
template <class Policy = Serial<>, class T>
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
