// SPDX-License-Identifier: MIT
// The tile of a dense product whose sums fill the registers: sums += (a sliver of the left factor)
// (a panel of the right one), depth after depth an outer product of a column and a row.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include <spikelet/kernels/packing.hpp>

namespace spikelet::kernels {

/// A part of the result, its packed factors, and the part of the result that comes next.
template <class Arithmetic>
struct RegisterTile {
    /// Type of factors and result.
    using Number = typename Arithmetic::Number;
    /// Lanes in a register.
    using Batch = typename Arithmetic::Batch;
    static constexpr index width = simd::width<Batch>;  ///< lanes in a register
    // The sums, a row of the panel and one factor fill the registers.
    /// Rows of a tile at most.
    static constexpr index most_rows = simd::registers<Batch> == 32 ? 12 : 6;
    static constexpr index batches = 2;  ///< registers that a row of sums takes
    /// Columns of a tile at most.
    static constexpr index most_columns = batches * width;
    /// How its factors are packed.
    using Packing = kernels::Packing<most_rows, most_columns, Arithmetic>;

    index rows;            ///< of the result, at most most_rows
    index columns;         ///< of the result, at most most_columns
    index depth;           ///< in packed lanes
    Number const* left;    ///< a sliver
    bool left_by_columns;  ///< the sliver comes from a factor stored by columns
    Number const* right;   ///< a panel
    bool from_zero;        ///< nothing is loaded: the result is 0 before
    Number* result;        ///< element (0, 0)
    index stride;          ///< between rows of the result
    Number const* next;    ///< the result that comes next
    index next_rows;       ///< its rows; 0: none comes next

    /// Adds to the result.
    static void add(RegisterTile const& t) {
        constexpr index third = most_rows / 3;
        if (t.rows > 2 * third) {
            add_any<most_rows>(t);
        } else if (t.rows > third) {
            add_any<2 * third>(t);
        } else {
            add_any<third>(t);
        }
    }

    /// Adds to a whole tile of the result, and packs its panel on the way: `depth` rows of numbers,
    /// `from_stride` apart.
    static void add_and_pack(RegisterTile const& t, Number const* from, index from_stride,
                             index depth, Number* panel) {
        add_either<most_rows>(t, Unpacked{from, from_stride, depth, panel});
    }

private:
    /// A tile of at most `Rows` rows; one that is smaller by means of a copy.
    template <index Rows>
    static void add_any(RegisterTile t) {
        if (t.rows == Rows && t.columns == most_columns) {
            add_either<Rows>(t, Packed{t.right});
            return;
        }
        alignas(alignment) std::array<Number, static_cast<std::size_t>(Rows * most_columns)> copy{};
        for (index r = 0; r < t.rows && !t.from_zero; ++r) {
            std::copy_n(t.result + r * t.stride, t.columns, copy.data() + r * most_columns);
        }
        t.next_rows = 0;
        Number* const result = std::exchange(t.result, copy.data());
        index const stride = std::exchange(t.stride, most_columns);
        add_either<Rows>(t, Packed{t.right});
        for (index r = 0; r < t.rows; ++r) {
            std::copy_n(copy.data() + r * most_columns, t.columns, result + r * stride);
        }
    }

    using Row = std::array<Batch, static_cast<std::size_t>(batches)>;
    template <index Rows>
    using Sums = std::array<Batch, static_cast<std::size_t>(Rows* batches)>;

    /// Reads a packed panel row by row.
    struct Packed {
        Number const* panel;

        Row next() {
            Row row;
            simd::unrolled<batches>([&](auto b) {
                row[b] = simd::load<Batch>(panel + static_cast<index>(b) * width, simd::Full{});
            });
            panel += most_columns;
            return row;
        }
    };

    /// Reads a panel as it lies in the factor, and packs it on the way.
    struct Unpacked {
        // Rows ahead that are asked for: as long as another cache or memory takes.
        static constexpr index ahead = 16;

        Number const* from;
        index stride;
        index depth;
        Number* panel;

        Row next() {
            Row row;
            index const count = (std::min)(Arithmetic::depths, depth);
            simd::unrolled<batches>([&](auto b) {
                index const c = static_cast<index>(b) * width;
                for (index r = ahead; r < ahead + count && r < depth; ++r) {
                    simd::prefetch_for_reading(from + r * stride + c);
                }
                row[b] = Arithmetic::down(from + c, stride, count, simd::Full{});
                simd::store(panel + c, row[b], simd::Full{});
            });
            from += count * stride;
            depth -= count;
            panel += most_columns;
            return row;
        }
    };

    template <index Rows, class Right>
    static void add_either(RegisterTile const& t, Right right) {
        t.left_by_columns ? add_whole<1, Rows>(t, right)
                          : add_whole<Packing::run_by_rows, Rows>(t, right);
    }

    /// The next result is asked for row by row: all at once it would hold up the factors.
    template <index Run, index Rows, class Right>
    [[gnu::flatten]] static void add_whole(RegisterTile const& t, Right right) {
        constexpr index steps = std::max<index>(Run, 8);
        // Not sums.fill(): with a loop over them GCC 12 keeps the sums in memory.
        Sums<Rows> sums;
        if (t.from_zero) {
            simd::unrolled<Rows * batches>([&](auto i) { sums[i] = Batch(Number(0)); });
        } else {
            simd::unrolled<Rows * batches>(
                [&](auto i) { sums[i] = simd::load<Batch>(at(t, i), simd::Full{}); });
        }
        Number const* left = t.left;
        for (index d = 0, r = 0; d < t.depth; d += steps, left += steps * most_rows, ++r) {
            if (r < t.next_rows) { fetch(t.next + r * t.stride); }
            index const count = (std::min)(steps, t.depth - d);
            for (index i = 0; i < count; ++i) {
                add_outer_product<Run>(sums, left + i / Run * Run * most_rows + i % Run,
                                       right.next());
            }
        }
        simd::unrolled<Rows * batches>(
            [&](auto i) { simd::store(at(t, i), sums[i], simd::Full{}); });
    }

    /// Where sum i of a tile belongs.
    static Number* at(RegisterTile const& t, index i) {
        return t.result + i / batches * t.stride + i % batches * width;
    }

    /// Asks for a row of a tile of the result.
    [[gnu::always_inline]] static void fetch(Number const* row) {
        for (index c = 0; c < most_columns; c += width) { simd::prefetch(row + c); }
    }

    /// sums += (a column of the sliver) (a row of the panel).
    template <index Run, std::size_t N>
    static void add_outer_product(std::array<Batch, N>& sums, Number const* left, Row const& row) {
        simd::unrolled<static_cast<index>(N) / batches>([&](auto r) {
            Batch const x(left[static_cast<index>(r) * Run]);
            simd::unrolled<batches>([&](auto b) {
                auto& sum = sums[r * batches + b];
                sum = Arithmetic::add_product(x, row[b], sum);
            });
        });
    }
};

}  // namespace spikelet::kernels
