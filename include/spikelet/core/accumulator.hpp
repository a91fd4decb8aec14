// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

namespace spikelet {

/// Where a kernel adds a gradient; converts from a pointer to numbers that are there already. Null
/// where nobody wants it. While it is fresh there are no numbers yet: a kernel writes 0 + x to
/// every element, in place of what it would find + x, and so has the bits of zeros written before.
template <class T>
struct Accumulator {
    T* data = nullptr;   ///< what is added to; null where nobody wants it
    bool fresh = false;  ///< no numbers are there yet

    /// One that nobody wants.
    constexpr Accumulator() = default;
    /// What is added to; null: nobody wants it.
    constexpr Accumulator(T* numbers, bool is_fresh = false)  // NOLINT: a pointer will do
        : data(numbers),
          fresh(is_fresh) {}

    /// The same from element n on.
    constexpr Accumulator operator+(auto n) const { return {data + n, fresh}; }
};

/// An Accumulator as a parameter that no type is deduced from, so that pointers convert.
template <class T>
using AddsTo = std::type_identity_t<Accumulator<T>>;

}  // namespace spikelet
