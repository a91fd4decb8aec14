// SPDX-License-Identifier: MIT
// Rows of packed spikes and of small whole numbers: pack, unpack, count, visit those that fired.
#pragma once

#include <bit>
#include <span>
#include <type_traits>

#include <spikelet/core/element.hpp>

namespace spikelet {

/// Packs n flags (anything that converts to bool) into the words of one row; unused bits become
/// zero.
template <class Flag>
constexpr void pack(Flag const* flags, index n, word* spikes) {
    for (index w = 0; w < Element<bit>::row_units(n); ++w) {
        word packed = 0;
        for (index b = 0; b < bits_per_word && w * bits_per_word + b < n; ++b) {
            bool const set = static_cast<bool>(flags[w * bits_per_word + b]);
            packed |= static_cast<word>(set ? 1 : 0) << b;
        }
        spikes[w] = packed;
    }
}

/// What an element of S is worth of whose planes p those with bit p of `code` are set.
template <class S>
constexpr int worth(unsigned code) {
    int value = 0;
    for (int const weight : Element<S>::plane_weights) {
        value += (code & 1) != 0 ? weight : 0;
        code >>= 1;
    }
    return value;
}

/// Packs n numbers, each one of the values that S has, into the words of one row; what S does not
/// have becomes 0, and so do unused elements.
template <class S, class Number>
constexpr void pack(Number const* values, index n, word* spikes) {
    constexpr index planes = Element<S>::planes;
    constexpr unsigned codes = 1U << planes;
    auto const is = [](int value, Number number) {
        bool const has = !std::is_unsigned_v<Number> || value >= 0;  // -1 is no 255
        return has && static_cast<Number>(value) == number;
    };
    for (index w = 0; w < Element<S>::row_units(n); ++w) { spikes[w] = 0; }
    for (index i = 0; i < n; ++i) {
        unsigned code = 0;
        while (code < codes && !is(worth<S>(code), values[i])) { ++code; }
        code %= codes;
        for (index p = 0; p < planes; ++p) {
            spikes[i / bits_per_word * planes + p] |= word{code >> p & 1} << (i % bits_per_word);
        }
    }
}

/// Writes the first n spikes of one row as numbers 0 and 1.
template <class T>
constexpr void unpack(word const* spikes, index n, T* values) {
    for (index i = 0; i < n; ++i) {
        values[i] = static_cast<T>(spikes[i / bits_per_word] >> (i % bits_per_word) & 1);
    }
}

/// Writes the first n elements of S of one row as numbers.
template <class S, class T>
constexpr void unpack(word const* spikes, index n, T* values) {
    for (index i = 0; i < n; ++i) { values[i] = static_cast<T>(Element<S>::at(spikes, i)); }
}

/// The same for elements in planes of these weights.
template <class T>
constexpr void unpack(word const* spikes, index n, std::span<int const> weights, T* values) {
    auto const planes = static_cast<index>(weights.size());
    for (index i = 0; i < n; ++i) {
        int value = 0;
        for (index p = 0; p < planes; ++p) {
            word const plane = spikes[i / bits_per_word * planes + p];
            bool const set = (plane >> (i % bits_per_word) & 1) != 0;
            value += set ? weights[static_cast<std::size_t>(p)] : 0;
        }
        values[i] = static_cast<T>(value);
    }
}

/// Clears the bits of an array that belong to no spike. Kernels read whole words, and take them for
/// spikes that did not fire. Elements of other kinds stay as they are.
template <class S, index... Es>
constexpr void clear_unused(Extents<Es...> const& shape, storage_of<S>* elements) {
    if constexpr (SpikeKind<S>) {
        index const n = shape[shape.rank - 1];
        index const row_units = Element<S>::row_units(n);
        word const used = (word{1} << n % bits_per_word) - 1;
        if (used == 0) { return; }  // the last word is full
        for (index r = 0; r < shape.rows(); ++r) {
            word* const last = elements + (r + 1) * row_units - Element<S>::planes;
            for (index p = 0; p < Element<S>::planes; ++p) { last[p] &= used; }
        }
    }
}

/// What a row of spikes holds: how many elements are not 0, and the sum of their absolute values,
/// which is more only where spikes have values.
struct Activity {
    index events = 0;  ///< elements that are not 0
    index levels = 0;  ///< sum of their absolute values

    constexpr Activity& operator+=(Activity more) {
        events += more.events;
        levels += more.levels;
        return *this;
    }
};

/// The activity of n elements in planes of these weights, of which at most the last is negative.
constexpr Activity activity(word const* spikes, index n, std::span<int const> weights) {
    auto const planes = static_cast<index>(weights.size());
    Activity sum;
    for (index w = 0; w < (n + bits_per_word - 1) / bits_per_word; ++w) {
        word const* const plane = spikes + w * planes;
        word const minus = weights.back() < 0 ? plane[planes - 1] : 0;
        word any = 0;
        for (index p = 0; p < planes; ++p) {
            int const weight = weights[static_cast<std::size_t>(p)];
            int elements = std::popcount(plane[p]);
            // Most words have no negative element, and counting costs old processors a call.
            if (weight > 0 && minus != 0) { elements -= 2 * std::popcount(plane[p] & minus); }
            any |= plane[p];
            sum.levels += (weight < 0 ? -weight : weight) * elements;
        }
        sum.events += std::popcount(any);
    }
    return sum;
}

/// The activity of n elements of S.
template <class S>
constexpr Activity activity(word const* spikes, index n) {
    return activity(spikes, n, Element<S>::plane_weights);
}

/// How many bits of `words` words are set.
constexpr index count(word const* spikes, index words) {
    index n = 0;
    for (index w = 0; w < words; ++w) { n += std::popcount(spikes[w]); }
    return n;
}

/// Calls f(i) for every set bit i of `words` words, in ascending order.
template <class F>
constexpr void for_each_set(word const* spikes, index words, F&& f) {
    for (index w = 0; w < words; ++w) {
        for (word rest = spikes[w]; rest != 0; rest &= rest - 1) {
            f(w * bits_per_word + std::countr_zero(rest));
        }
    }
}

}  // namespace spikelet
