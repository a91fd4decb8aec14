// SPDX-License-Identifier: MIT
// Where the rows of a factor are not 0: lists that are made once and read for every panel of
// columns that the factor meets. A place in a list says which row of a table to take.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/event_rows.hpp>
#include <spikelet/kernels/packing.hpp>

namespace spikelet::kernels {

/// Lists of rows of T, up to `MostDepth` numbers of each, in memory of somebody else; the numbers
/// themselves are listed, too, where `WithNumbers`.
template <class T, class Policy, index MostDepth, bool WithNumbers>
class ActiveLists {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    static_assert(MostDepth % width == 0);

public:
    /// Rows are listed in chunks, each by one thread.
    static constexpr index chunk_rows = 64;

    /// A row of the table.
    using Place = std::uint16_t;

    /// Places that may be read together: a list is filled up to a multiple of it.
    static constexpr index group = 4;

    /// Where a list begins among all places, and how long it is.
    struct Row {
        std::uint32_t begin;  ///< its first place among all
        std::uint32_t count;  ///< how many it has

        /// Its groups, the last one filled up.
        [[nodiscard]] constexpr index groups() const {
            return (static_cast<index>(count) + group - 1) / group;
        }
    };

    /// Chunks of so many rows.
    static constexpr index chunks(index rows) { return (rows + chunk_rows - 1) / chunk_rows; }
    /// The first row of a chunk, and the end of the last one.
    static constexpr index first_row(index chunk, index rows) {
        return (std::min)(chunk * chunk_rows, rows);
    }
    /// The places of so many rows, of which MostDepth numbers at most are listed at a time.
    static constexpr index places(index rows, index depth) {
        return chunks(rows) * chunk_places(depth);
    }
    /// Bytes that their lists take.
    static constexpr index bytes(index rows, index depth) {
        index const each = static_cast<index>(sizeof(Place)) + (WithNumbers ? number_size : 0);
        return chunks(rows) * chunk_rows * static_cast<index>(sizeof(Row)) +
               places(rows, depth) * each;
    }

    /// `memory` has bytes(rows, depth) bytes and is aligned for T.
    ActiveLists(std::byte* memory, index rows, index depth)
        : chunk_places_(chunk_places(depth)),
          numbers_(reinterpret_cast<T*>(memory)),
          rows_(reinterpret_cast<Row*>(memory +
                                       (WithNumbers ? places(rows, depth) * number_size : 0))),
          places_(reinterpret_cast<Place*>(rows_ + chunks(rows) * chunk_rows)) {}

    /// How many of `count` numbers are not 0.
    static index count_active(T const* x, index count) {
        index total = 0;
        for (index i = 0; i < count; i += bits_per_word) {
            total += std::popcount(active(x + i, (std::min)(bits_per_word, count - i)));
        }
        return total;
    }

    /// Lists the rows of chunks [begin, end) of a block of the factor, MostDepth columns at most.
    void list(Factor<T> factor, Block block, index begin, index end) const {
        for (index chunk = begin; chunk < end; ++chunk) {
            index const first = chunk * chunk_rows;
            Block const some{block.row + first, block.column,
                             (std::min)(chunk_rows, block.rows - first), block.columns};
            factor.by_columns ? list_columns(factor, some, chunk) : list_rows(factor, some, chunk);
        }
    }

    /// The same of rows of events; the block begins at a multiple of 64 columns.
    template <class S>
    void list(EventRows<S> factor, Block block, index begin, index end) const {
        for (index chunk = begin; chunk < end; ++chunk) {
            index at = chunk * chunk_places_;
            index const last = first_row(chunk + 1, block.rows);
            for (index r = first_row(chunk, block.rows); r < last; ++r) {
                auto const row = factor.template row<T>(block.row + r, block.column);
                at = list_row(row, block.columns, r, at);
            }
        }
    }

    /// The list of row r.
    [[nodiscard]] Row row(index r) const { return rows_[r]; }
    /// The places of a list from number `at` of all on.
    [[nodiscard]] Place const* places_at(index at) const { return places_ + at; }
    /// The same of their numbers.
    [[nodiscard]] T const* numbers_at(index at) const { return numbers_ + at; }

private:
    static constexpr auto number_size = static_cast<index>(sizeof(T));
    // From one transposed row to the next: no power of two, which few sets of a cache would serve.
    static constexpr index row_stride = MostDepth + width;
    // Rows ahead that are asked for: they are far apart, which no prefetcher follows.
    static constexpr index ahead = 8;

    /// A row of numbers.
    struct NumberRow {
        T const* numbers;
        index count;

        /// Which of the 64 numbers from i on are not 0.
        [[nodiscard]] word active(index i) const {
            return ActiveLists::active(numbers + i, (std::min)(bits_per_word, count - i));
        }
        [[nodiscard]] T number(index i) const { return numbers[i]; }
    };

    /// Whole groups, with room for two that are written behind the last number.
    static constexpr index chunk_places(index depth) {
        index const groups = ((std::min)(depth, MostDepth) + group - 1) / group;
        return (chunk_rows * groups + 2) * group;
    }

    void list_rows(Factor<T> factor, Block block, index chunk) const {
        index at = chunk * chunk_places_;
        for (index r = 0; r < block.rows; ++r) {
            T const* const from = factor.at(block.row + r, block.column);
            fetch(from, ahead * factor.stride, block.columns);
            NumberRow const row{from, block.columns};
            at = list_row(row, block.columns, chunk * chunk_rows + r, at);
        }
    }

    void list_columns(Factor<T> factor, Block block, index chunk) const {
        alignas(alignment) std::array<T, static_cast<std::size_t>(chunk_rows * row_stride)> rows;
        transpose_block(factor.at(block.row, block.column), factor.stride, block, rows.data());
        index at = chunk * chunk_places_;
        for (index r = 0; r < block.rows; ++r) {
            NumberRow const row{rows.data() + r * row_stride, block.columns};
            at = list_row(row, block.columns, chunk * chunk_rows + r, at);
        }
    }

    /// The rows of a block that is stored by columns, row_stride apart.
    [[gnu::flatten]] static void transpose_block(T const* from, index stride, Block block, T* to) {
        for (index d = 0; d < block.columns; d += width, from += width * stride) {
            index const count = (std::min)(width, block.columns - d);
            for (index i = 0; i < width && d + width + i < block.columns; ++i) {
                fetch(from, (width + i) * stride, block.rows);
            }
            simd::for_each_batch<Batch>(0, block.rows, [&](index r, auto lanes) {
                Square<Batch> square;
                simd::unrolled<width>([&](auto i) {
                    auto const row = static_cast<index>(i);
                    square[i] = row < count ? simd::load<Batch>(from + row * stride + r, lanes)
                                            : Batch(T(0));
                });
                transpose<Batch>(square);
                for (index i = 0; i < simd::lane_count<Batch>(lanes); ++i) {
                    simd::store(to + (r + i) * row_stride + d, square[static_cast<std::size_t>(i)],
                                simd::Full{});
                }
            });
        }
    }

    /// Lists a row's numbers as row r, from place `at` on; returns where the next row may begin.
    /// Four are written at a time, be they there or not: whether there are more is then seldom
    /// another answer than the time before, which processors guess.
    template <class From>
    index list_row(From const& row, index depth, index r, index at) const {
        index end = at;
        for (index i = 0; i < depth; i += bits_per_word) {
            word rest = row.active(i);
            index const count = std::popcount(rest);
            for (index n = end; n < end + count; n += group) {
                for (index j = n; j < n + group; ++j, rest &= rest - 1) {
                    index const place = i + std::countr_zero(rest) % bits_per_word;
                    places_[j] = static_cast<Place>(place);
                    if constexpr (WithNumbers) { numbers_[j] = row.number(place); }
                }
            }
            end += count;
        }
        std::fill_n(places_ + end, group - 1, Place(0));
        rows_[r] = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end - at)};
        return at + rows_[r].groups() * group;
    }

    /// Which of 1 to 64 numbers are not 0. What is no number is not 0 either, whatever xsimd says.
    [[gnu::flatten]] static word active(T const* x, index count) {
        word zeros = 0;
        simd::for_each_batch<Batch>(0, count, [&](index i, auto lanes) {
            zeros |= simd::to_bits(simd::load<Batch>(x + i, lanes) == Batch(T(0))) << i;
        });
        return ~zeros & (~word{0} >> (bits_per_word - count));
    }

    /// Asks for `count` numbers, so many behind x.
    [[gnu::always_inline]] static void fetch(T const* x, index behind, index count) {
        constexpr index line = static_cast<index>(alignment / sizeof(T));
        for (index i = 0; i < count; i += line) {
            simd::prefetch_for_reading(x, (behind + i) * number_size);
        }
    }

    index chunk_places_;
    T* numbers_;
    Row* rows_;
    Place* places_;
};

}  // namespace spikelet::kernels
