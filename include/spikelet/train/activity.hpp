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

template <class T, class F>
void each_active(void const* numbers, index rows, index last, F&& f) {
    auto const* const first = static_cast<T const*>(numbers);
    for (index i = 0; i < rows * last; ++i) {
        if (first[i] != T(0)) { f(i / last, i % last); }
    }
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

/// Calls f(row, element) for everything in a tap that is not 0.
template <class F>
void each_active(Tap const& tap, F&& f) {
    if (tap.kind == Tap::Kind::f32) {
        return detail::each_active<float>(tap.data, tap.rows, tap.last, f);
    }
    if (tap.kind == Tap::Kind::f64) {
        return detail::each_active<double>(tap.data, tap.rows, tap.last, f);
    }
    auto const planes = std::ssize(tap.plane_weights);
    auto const* words = static_cast<word const*>(tap.data);
    for (index r = 0; r < tap.rows; ++r) {
        for (index i = 0; i < tap.last; i += bits_per_word, words += planes) {
            word any = 0;
            for (index p = 0; p < planes; ++p) { any |= words[p]; }
            for_each_set(&any, 1, [&](index b) { f(r, i + b); });
        }
    }
}

}  // namespace spikelet
