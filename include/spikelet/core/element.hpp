// SPDX-License-Identifier: MIT
// Element types of tensors. A number stores itself; a spike is one bit of a 64-bit word; small
// whole numbers (graded spikes, ternary weights) are several bits, each in a word of its own.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include <spikelet/core/extents.hpp>

namespace spikelet {

/// One spike: fired or not. `Tensor<bit, ...>` packs 64 to a word, each row padded with zero bits.
struct bit {};

/// Holds 64 spikes; spike i of a row is bit i % 64 of word i / 64.
using word = std::uint64_t;

/// Spikes in a word.
inline constexpr index bits_per_word = 64;

/// A graded spike: a count from 0 to 2^Bits - 1.
template <int Bits>
    requires(Bits >= 2 && Bits <= 4)  // one bit is a plain spike
struct graded {};

/// A graded spike with a sign, from -2^(Bits-1) to 2^(Bits-1) - 1, in two's complement.
template <int Bits>
    requires(Bits == 3)
struct signed_graded {};

/// -1, 0 or 1: a signed spike, or a ternary weight.
struct trit {};

/// A weight from -7 to 7; two lie in a byte.
struct int4 {};

/// The upper half of a float: 8 bits of exponent, 7 of fraction.
struct bf16 {
    std::uint16_t bits;  ///< the upper 16 bits of the float

    constexpr operator float() const {  // NOLINT: exact, as from float to double
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    }
};

/// How elements of type T lie in memory: the unit of storage, how many units a row takes, and how
/// one element is read. Packed elements are spikes of some kind: ops that take numbers refuse them.
template <class T>
struct Element {
    /// A unit of storage.
    using storage = T;
    /// Several elements lie in one unit.
    static constexpr bool packed = false;
    /// Units that a row of so many elements takes.
    static constexpr index row_units(index elements) { return elements; }

    /// Element i of a row: the number itself, which can be written.
    template <class Unit>
    static constexpr Unit& at(Unit* row, index i) {
        return row[i];
    }
};

/// Spikes: words, of which a row takes as many as it begins.
template <>
struct Element<bit> {
    using storage = word;
    static constexpr bool packed = true;
    /// Words that hold the bits of the same 64 elements.
    static constexpr index planes = 1;
    /// What a set bit of each plane is worth.
    static constexpr std::array<int, 1> plane_weights{1};
    static constexpr index row_units(index elements) {
        return (elements + bits_per_word - 1) / bits_per_word;
    }

    /// Whether spike i of a row has fired.
    static constexpr bool at(word const* row, index i) {
        return (row[i / bits_per_word] >> (i % bits_per_word) & 1) != 0;
    }
};

namespace detail {

/// Elements of as many bits as there are weights: for each 64 elements of a row one word per bit,
/// one after another. An element is the sum of the weights of its set bits.
template <int... Weights>
struct PlaneElement {
    using storage = word;
    static constexpr bool packed = true;
    static constexpr index planes = sizeof...(Weights);
    static constexpr std::array<int, sizeof...(Weights)> plane_weights{Weights...};
    static constexpr index row_units(index elements) {
        return (elements + bits_per_word - 1) / bits_per_word * planes;
    }

    /// Element i of a row.
    static constexpr int at(word const* row, index i) {
        word const* plane = row + i / bits_per_word * planes;
        int value = 0;
        for (int const weight : plane_weights) {
            value += (*plane++ >> (i % bits_per_word) & 1) != 0 ? weight : 0;
        }
        return value;
    }
};

}  // namespace detail

template <>
struct Element<graded<2>> : detail::PlaneElement<1, 2> {};
template <>
struct Element<graded<3>> : detail::PlaneElement<1, 2, 4> {};
template <>
struct Element<graded<4>> : detail::PlaneElement<1, 2, 4, 8> {};
template <>
struct Element<signed_graded<3>> : detail::PlaneElement<1, 2, -4> {};
template <>
struct Element<trit> : detail::PlaneElement<1, -1> {};

/// Two weights to a byte, the first in its lower half, each plus 8.
template <>
struct Element<int4> {
    using storage = std::uint8_t;
    static constexpr bool packed = true;
    /// What is stored is the weight plus this.
    static constexpr int offset = 8;
    static constexpr index row_units(index elements) { return (elements + 1) / 2; }

    /// Element i of a row.
    static constexpr int at(std::uint8_t const* row, index i) {
        return (row[i / 2] >> (i % 2 * 4) & 15) - offset;
    }
};

/// Kinds of spikes: their bits lie in words, plane beside plane. 0 has no bits.
template <class S>
concept SpikeKind = requires {
    Element<S>::planes;
};

/// The unit of storage behind elements of type T.
template <class T>
using storage_of = typename Element<T>::storage;

/// Units of storage that an array of this shape takes.
template <class T, index... Es>
constexpr index units(Extents<Es...> const& e) {
    return e.rows() * Element<T>::row_units(e[e.rank - 1]);
}

}  // namespace spikelet
