// SPDX-License-Identifier: MIT
// A panel of a result: some columns of it, whose sums are in registers while one row is computed,
// and the rows of a factor that it is computed from, copied side by side. Whole panels are loaded
// and stored as vectors, the last one, which has fewer columns, by way of a copy, so that the
// arithmetic is the same.
#pragma once

#include <algorithm>
#include <array>

#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Batches that cover `Columns` columns.
template <class Batch, index Columns>
using PanelSums =
    std::array<Batch, static_cast<std::size_t>(Columns) / static_cast<std::size_t>(Batch::size)>;

/// A panel with all of its columns: row r starts at result + r * stride. Where it is `from_zero`
/// nothing is loaded.
template <class Batch, index Columns>
struct WholePanel {
    /// Type of the result.
    using T = typename Batch::value_type;
    /// A row of sums in registers.
    using Sums = PanelSums<Batch, Columns>;
    static constexpr index width = simd::width<Batch>;  ///< lanes in a register

    T* result;       ///< row 0
    index stride;    ///< between rows
    bool from_zero;  ///< nothing is loaded: the result is 0 before

    /// What sums of that row start from.
    Sums load(index row) const {
        Sums sums;
        T const* const at = result + row * stride;
        if (from_zero) {
            simd::unrolled<Columns / width>([&](auto b) { sums[b] = Batch(T(0)); });
        } else {
            simd::unrolled<Columns / width>([&](auto b) {
                sums[b] = simd::load<Batch>(at + static_cast<index>(b) * width, simd::Full{});
            });
        }
        return sums;
    }
    /// Writes a row.
    void store(index row, Sums const& sums) const {
        T* const at = result + row * stride;
        simd::unrolled<Columns / width>([&](auto b) {
            simd::store(at + static_cast<index>(b) * width, sums[b], simd::Full{});
        });
    }
};

/// The last panel, which has only `columns` columns.
template <class Batch, index Columns>
struct PartPanel {
    /// Type of the result.
    using T = typename Batch::value_type;
    /// A row of sums in registers.
    using Sums = PanelSums<Batch, Columns>;
    /// The panel that a copy of a row is.
    using Whole = WholePanel<Batch, Columns>;
    /// A row with all columns.
    using Copy = std::array<T, static_cast<std::size_t>(Columns)>;

    T* result;       ///< row 0
    index stride;    ///< between rows
    bool from_zero;  ///< nothing is loaded: the result is 0 before
    index columns;   ///< how many it has

    /// What sums of that row start from; 0 beyond the last column.
    Sums load(index row) const {
        Copy copy{};
        if (!from_zero) { std::copy_n(result + row * stride, columns, copy.data()); }
        return Whole{copy.data(), 0, false}.load(0);
    }
    /// Writes a row, as far as it has columns.
    void store(index row, Sums const& sums) const {
        Copy copy;
        Whole{copy.data(), 0, false}.store(0, sums);
        std::copy_n(copy.data(), columns, result + row * stride);
    }
};

/// Asks for a row of a whole panel, to be written.
template <index Columns, class T>
[[gnu::always_inline]] inline void fetch_panel(T const* row) {
    constexpr auto line = static_cast<index>(alignment / sizeof(T));
    for (index c = 0; c < Columns; c += line) { simd::prefetch(row + c); }
}

/// Rows of a matrix, `columns` of each, side by side; zero behind these.
template <class Batch, index Columns, class T = typename Batch::value_type>
void copy_panel(T const* from, index stride, index rows, index columns, T* to) {
    for (index r = 0; r < rows; ++r, from += stride, to += Columns) {
        if (columns == Columns) {
            std::copy_n(from, Columns, to);
        } else {
            std::fill(std::copy_n(from, columns, to), to + Columns, T(0));
        }
    }
}

/// Calls f with the panel of `columns` columns that starts at `result`.
template <class Batch, index Columns, class T, class F>
void with_panel(T* result, index stride, bool from_zero, index columns, F&& f) {
    if (columns == Columns) {
        f(WholePanel<Batch, Columns>{result, stride, from_zero});
    } else {
        f(PartPanel<Batch, Columns>{result, stride, from_zero, columns});
    }
}

}  // namespace spikelet::kernels
