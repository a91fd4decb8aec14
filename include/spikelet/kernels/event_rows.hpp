// SPDX-License-Identifier: MIT
// Rows of events, that is of spikes with values, as a factor of a product: which of 64 are active,
// what each is worth.
#pragma once

#include <algorithm>
#include <array>
#include <bit>

#include <spikelet/core/bits.hpp>

namespace spikelet::kernels {

/// How many of a hundred are active in rows of `columns` events or numbers, by every `every`th of
/// the rows: count(r) says how many are in row r.
template <class Count>
constexpr index percent_active(index rows, index columns, index every, Count count) {
    index active = 0;
    index looked_at = 0;
    for (index r = 0; r < rows; r += every, looked_at += columns) { active += count(r); }
    return 100 * active / std::max<index>(looked_at, 1);
}

/// One row of events of kind S from a multiple of 64 on, as T.
template <class T, class S>
struct EventRow {
    static constexpr index planes = Element<S>::planes;  ///< words for 64 events

    word const* words;  ///< the first plane of the first 64

    /// Which of the 64 events from i on, a multiple of 64, are not 0.
    [[nodiscard]] constexpr word active(index i) const {
        word any = 0;
        for (index p = 0; p < planes; ++p) { any |= words[i / bits_per_word * planes + p]; }
        return any;
    }

    /// What event i is worth.
    [[nodiscard]] constexpr T number(index i) const {
        word const* const from = words + i / bits_per_word * planes;
        std::size_t code = 0;
        for (index p = 0; p < planes; ++p) { code |= (from[p] >> i % bits_per_word & 1) << p; }
        return worths[code];
    }

private:
    static constexpr auto worths = [] {
        std::array<T, std::size_t{1} << planes> all{};
        for (unsigned code = 0; code < all.size(); ++code) {
            all[code] = static_cast<T>(worth<S>(code));
        }
        return all;
    }();
};

/// Rows of events of kind S in memory; row r starts at word r * stride.
template <class S>
struct EventRows {
    word const* data;  ///< the first row
    index stride;      ///< words from row to row

    /// Row r from `column` on, a multiple of 64.
    template <class T>
    [[nodiscard]] constexpr EventRow<T, S> row(index r, index column = 0) const {
        return {data + r * stride + column / bits_per_word * Element<S>::planes};
    }

    /// How many events of a row are not 0.
    [[nodiscard]] constexpr index count_active(index r, index columns) const {
        index count = 0;
        for (index i = 0; i < columns; i += bits_per_word) {
            count += std::popcount(row<int>(r).active(i));
        }
        return count;
    }

    /// How many of a hundred events are not 0, by every `every`th row.
    [[nodiscard]] constexpr index percent_active(index rows, index columns, index every) const {
        return kernels::percent_active(rows, columns, every,
                                       [&](index r) { return count_active(r, columns); });
    }
};

}  // namespace spikelet::kernels
