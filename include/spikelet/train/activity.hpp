// SPDX-License-Identifier: MIT
// How much of what a layer shows is not silent.
#pragma once

#include <algorithm>

#include <spikelet/autodiff/var.hpp>
#include <spikelet/core/bits.hpp>

namespace spikelet {

namespace detail {

template <class T>
index count_active(void const* numbers, index n) {
    auto const* const first = static_cast<T const*>(numbers);
    return n - std::count(first, first + n, T(0));
}

// Bits of up to 64 numbers, set where one is not 0.
template <class T>
word active_bits(T const* numbers, index n) {
    word bits = 0;
    for (index i = 0; i < n; ++i) { bits |= word{numbers[i] != T(0) ? 1U : 0U} << i; }
    return bits;
}

}  // namespace detail

/// The activity of all rows of a tap. A number that is not 0 is one event of level 1.
inline Activity activity(Tap const& tap) {
    Activity sum;
    switch (tap.kind) {
    case Tap::Kind::f32:
        sum.events = detail::count_active<float>(tap.data, tap.rows * tap.last);
        break;
    case Tap::Kind::f64:
        sum.events = detail::count_active<double>(tap.data, tap.rows * tap.last);
        break;
    case Tap::Kind::spikes: {
        auto const* const words = static_cast<word const*>(tap.data);
        index const row = Element<bit>::row_units(tap.last) * std::ssize(tap.plane_weights);
        for (index r = 0; r < tap.rows; ++r) {
            sum += activity(words + r * row, tap.last, tap.plane_weights);
        }
        return sum;
    }
    }
    sum.levels = sum.events;
    return sum;
}

/// Calls f(row, first, bits) for up to 64 elements of a tap at a time, from `first` on: bits are
/// set where an element is not 0.
template <class F>
void each_active_word(Tap const& tap, F&& f) {
    auto const each = [&](auto const& bits_at) {
        for (index row = 0; row < tap.rows; ++row) {
            for (index first = 0; first < tap.last; first += bits_per_word) {
                f(row, first, bits_at(row, first));
            }
        }
    };
    auto const each_number = [&](auto const* numbers) {
        each([&](index row, index first) {
            return detail::active_bits(numbers + row * tap.last + first,
                                       (std::min)(bits_per_word, tap.last - first));
        });
    };
    switch (tap.kind) {
    case Tap::Kind::f32:
        return each_number(static_cast<float const*>(tap.data));
    case Tap::Kind::f64:
        return each_number(static_cast<double const*>(tap.data));
    case Tap::Kind::spikes: {
        auto const planes = std::ssize(tap.plane_weights);
        auto const* words = static_cast<word const*>(tap.data);
        return each([&](index, index) {
            word any = 0;
            for (index p = 0; p < planes; ++p) { any |= *words++; }
            return any;
        });
    }
    }
}

/// Calls f(row, element) for everything in a tap that is not 0.
template <class F>
void each_active(Tap const& tap, F&& f) {
    each_active_word(tap, [&](index row, index first, word bits) {
        for_each_set(&bits, 1, [&](index b) { f(row, first + b); });
    });
}

}  // namespace spikelet
