// SPDX-License-Identifier: MIT
// Element types of tensors. A number stores itself; a spike is one bit of a 64-bit word.
// A further packed type (small spike counts, say) is one more specialisation of Element, and the
// kernels that compute with it.
#pragma once

#include <cstdint>

#include <spikelet/core/extents.hpp>

namespace spikelet {

/// One spike: fired or not. `Tensor<bit, ...>` packs 64 to a word, each row padded with zero bits.
struct bit {};

/// Holds 64 spikes; spike i of a row is bit i % 64 of word i / 64.
using word = std::uint64_t;

/// Spikes in a word.
inline constexpr index bits_per_word = 64;

/// How elements of type T lie in memory: the unit of storage, how many units a row takes, and how
/// one element is read. Packed elements are spikes of some kind: ops that take numbers refuse them.
template <class T>
struct Element {
    using storage = T;
    static constexpr bool packed = false;
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
    static constexpr index row_units(index elements) {
        return (elements + bits_per_word - 1) / bits_per_word;
    }

    /// Whether spike i of a row has fired.
    static constexpr bool at(word const* row, index i) {
        return (row[i / bits_per_word] >> (i % bits_per_word) & 1) != 0;
    }
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
