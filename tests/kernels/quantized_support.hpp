// SPDX-License-Identifier: MIT
//
// Weights of few bits in vectors, for the tests of their kernels.
#pragma once

#include <vector>

#include <spikelet/core/rng.hpp>
#include <spikelet/kernels/quantize.hpp>

namespace spikelet::test {

/// Owns what a QuantizedMatrix borrows.
template <kernels::Code C>
struct QuantizedWeights {
    index inputs, outputs, group;
    std::vector<storage_of<C>> codes = std::vector<storage_of<C>>(
        static_cast<std::size_t>(kernels::code_units<C>(inputs, outputs)));
    std::vector<float> scales = std::vector<float>(
        static_cast<std::size_t>(kernels::scale_groups(inputs, group) * outputs), -1.0F);

    kernels::QuantizedMatrix<C> view() const { return {codes.data(), scales.data(), group}; }

    storage_of<C> const* row(index i) const {
        return codes.data() + i * Element<C>::row_units(outputs);
    }
    auto code(index i, index o) const { return Element<C>::at(row(i), o); }
    float scale(index i, index o) const {
        return scales[static_cast<std::size_t>(i / group * outputs + o)];
    }
    std::vector<float> decoded() const {
        std::vector<float> w(static_cast<std::size_t>(inputs * outputs), 99.0F);
        kernels::decode<C>(view(), inputs, outputs, w.data());
        return w;
    }
};

/// The numbers w [inputs, outputs] in few bits.
template <kernels::Code C>
QuantizedWeights<C> quantized(std::vector<float> const& w, index inputs, index outputs,
                              index group) {
    QuantizedWeights<C> q{inputs, outputs, group};
    kernels::encode<C>(w.data(), inputs, outputs, group, q.codes.data(), q.scales.data());
    return q;
}

/// The largest code.
template <kernels::Code C>
inline constexpr int largest_code = std::is_same_v<C, trit>   ? 1
                                    : std::is_same_v<C, int4> ? 7
                                                              : 127;

/// Whole numbers from -largest to largest.
inline std::vector<float> random_whole_numbers(index n, int largest, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<float> numbers(static_cast<std::size_t>(n));
    for (float& x : numbers) {
        x = static_cast<float>(
            static_cast<int>(rng.below(2U * static_cast<unsigned>(largest) + 1)) - largest);
    }
    return numbers;
}

/// Sets code (i, o) of a matrix whose codes are all 0.
template <kernels::Code C>
void set_code(QuantizedWeights<C>& q, index i, index o, int code) {
    storage_of<C>* const row = q.codes.data() + i * Element<C>::row_units(q.outputs);
    if constexpr (std::is_same_v<C, trit>) {
        row[o / bits_per_word * 2 + (code < 0 ? 1 : 0)] |= static_cast<word>(code != 0 ? 1 : 0)
                                                           << (o % bits_per_word);
    } else if constexpr (std::is_same_v<C, int4>) {
        row[o / 2] = static_cast<std::uint8_t>(row[o / 2] + code * (o % 2 == 0 ? 1 : 16));
    } else if constexpr (std::is_same_v<C, bf16>) {
        row[o] = kernels::to_bf16(static_cast<float>(code) / 64);
    } else {
        row[o] = static_cast<std::int8_t>(code);
    }
}

/// Any codes and scales; much faster than encoding numbers.
template <kernels::Code C>
QuantizedWeights<C> random_weights(index inputs, index outputs, index group, std::uint64_t seed) {
    QuantizedWeights<C> q{inputs, outputs, group};
    Rng rng(seed);
    for (float& scale : q.scales) { scale = static_cast<float>(rng.normal()) / 16; }
    if constexpr (std::is_same_v<C, int4>) { std::fill(q.codes.begin(), q.codes.end(), 0x88); }
    constexpr auto most = static_cast<unsigned>(largest_code<C>);
    for (index i = 0; i < inputs; ++i) {
        for (index o = 0; o < outputs; ++o) {
            int const code = static_cast<int>(rng.below(2 * most + 1)) - static_cast<int>(most);
            set_code(q, i, o, code);
        }
    }
    return q;
}

}  // namespace spikelet::test
