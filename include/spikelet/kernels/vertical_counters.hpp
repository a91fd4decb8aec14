// SPDX-License-Identifier: MIT
// Sums of rows of ternary weights, those of active inputs, times small whole numbers. A row is a
// vector of bits, "plus" and "minus" words by turns. Every bit position counts how often it is set
// (bit_counters.hpp), and in the end sum = count of plus - count of minus. A row whose input is
// worth 2^k enters at plane k, with a minus sign its words exchange places.
//
// Where nearly all inputs are active, the silent ones are subtracted from the sum of all rows.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include <spikelet/kernels/active_inputs.hpp>
#include <spikelet/kernels/bit_counters.hpp>

namespace spikelet::kernels {

/// How weights pass: whole rows of them, several at a time, as memory likes it; or a batch of
/// columns of all rows, so that the lower planes stay in registers, as caches allow it.
enum class Pass { rows, columns };

/// Integer sums of up to `Columns` columns; events of element type S.
template <class S, class Policy, index Columns, Pass by>
class VerticalCounters {
    static constexpr index row_words = 2 * Columns / bits_per_word;
    using Counters = BitCounters<Policy, row_words>;
    using Words = typename Counters::Words;
    static constexpr index width = Counters::width;
    static constexpr index words_per_line = 64 / static_cast<index>(sizeof(word));

    template <index levels>
    using Rows = std::array<word const*, std::size_t{1} << levels>;

public:
    /// Columns that a word has bits of.
    static constexpr index columns_at_once = bits_per_word;

    /// Columns from `first` (a multiple of 64) on; a row of codes takes `row_units` words.
    VerticalCounters(word const* codes, index row_units, index first, index columns)
        : first_(codes + first / bits_per_word * 2),
          row_units_(row_units),
          words_(Element<trit>::row_units(columns)),
          counters_(words_) {}

    /// Adds what the events of some inputs ask for, the first of which is input `first_input`.
    /// Calls full(), which must drain, before counts overflow. For the planes of events whose bit
    /// is set in `silent` subtracts the rows of inputs whose bit is not set. Returns how many rows
    /// it read, one of several planes as often.
    template <class Full>
    index add(word const* events, index inputs, index first_input, Full full, unsigned silent = 0) {
        index rows = 0;
        simd::unrolled<Element<S>::planes>([&](auto p) {
            constexpr int weight = Element<S>::plane_weights[p];
            bool const flip = (silent >> p & 1) != 0;
            active_.list_plane(events + p, inputs, Element<S>::planes, flip);
            rows += active_.count;
            if (flip) {
                add_plane<weight, (weight > 0)>(first_input, full);
            } else {
                add_plane<weight, (weight < 0)>(first_input, full);
            }
        });
        return rows;
    }

    /// Calls take(column, sums) for every columns_at_once columns, from 0 on, and starts again.
    template <class Take>
    void drain(Take take) {
        index const used = used_planes();
        for (index w = 0; w < words_; w += 2) {
            alignas(64) std::array<std::int32_t, static_cast<std::size_t>(bits_per_word)> sums;
            counters_.differences(w, used, sums.data());
            take(w / 2 * bits_per_word, sums.data());
        }
        counters_.clear(used);
        units_ = 0;
    }

private:
    template <int weight, bool negative, class Full>
    void add_plane(index first_input, Full full) {
        constexpr auto magnitude = static_cast<unsigned>(weight < 0 ? -weight : weight);
        constexpr index plane = std::countr_zero(magnitude);
        if constexpr (by == Pass::rows) {
            add_listed<negative>(plane, first_input, full);
        } else if (active_.count > 0) {
            count_units(active_.count << plane, full);
            add_columns<negative>(plane, row(first_input));
        }
    }

    template <class Full>
    void count_units(index units, Full full) {
        if (units_ + units > Counters::most) { full(); }
        units_ += units;
    }

    [[nodiscard]] word const* row(index input) const { return first_ + input * row_units_; }

    [[nodiscard]] index used_planes() const {
        return static_cast<index>(std::bit_width(static_cast<std::size_t>(units_)));
    }

    /// Sixteen rows at a time, or eight where no more are left.
    template <bool negative, class Full>
    void add_listed(index plane, index first_input, Full full) {
        for (index i = 0; i < active_.count;) {
            if (active_.count - i > 8) {
                add_some<negative, 4>(i, plane, first_input, full);
                i += 16;
            } else {
                add_some<negative, 3>(i, plane, first_input, full);
                i += 8;
            }
        }
    }

    /// 2^levels of the listed inputs, from number i on.
    template <bool negative, index levels, class Full>
    void add_some(index i, index plane, index first_input, Full full) {
        static constexpr std::array<word, static_cast<std::size_t>(row_words)> silent{};
        constexpr index count = index{1} << levels;
        Rows<levels> rows;
        Rows<levels> next;
        for (std::size_t r = 0; r < rows.size(); ++r) {
            index const at = i + static_cast<index>(r);
            rows[r] = at < active_.count ? row_of(first_input, at) : silent.data();
            next[r] = row_of(first_input, at + count);
        }
        count_units((std::min)(count, active_.count - i) << plane, full);
        pass<negative, levels>(rows, next, plane, used_planes());
    }

    [[nodiscard]] word const* row_of(index first_input, index i) const {
        return row(first_input + active_.input(i));
    }

    /// Adds some rows to plane number `plane` of those below `used`.
    template <bool negative, index levels>
    [[gnu::flatten]] void pass(Rows<levels> rows, Rows<levels> next, index plane, index used) {
        index w = 0;
        for (; w + width <= words_; w += width) {
            if (w % words_per_line == 0) {
                for (auto const* row : next) { simd::prefetch_for_reading(row + w); }
            }
            add_batch<levels>(plane, used, w, [&](std::size_t r) {
                return signed_row<negative>(simd::load<Words>(rows[r] + w, simd::Full{}));
            });
        }
        if (w < words_) {
            index const bytes = (words_ - w) * static_cast<index>(sizeof(word));
            add_batch<levels>(plane, used, w, [&](std::size_t r) {
                return signed_row<negative>(simd::load_first<Words>(rows[r] + w, bytes));
            });
        }
    }

    /// Adds the listed rows to plane number `plane`; `first` is the row of the first input.
    template <bool negative>
    void add_columns(index plane, word const* first) {
        index w = 0;
        for (; w + width <= words_; w += width) {
            add_batch_of_all(plane, w, [=](index input, index stride) {
                return signed_row<negative>(
                    simd::load<Words>(first + input * stride + w, simd::Full{}));
            });
        }
        if (w < words_) {
            index const bytes = (words_ - w) * static_cast<index>(sizeof(word));
            add_batch_of_all(plane, w, [=](index input, index stride) {
                return signed_row<negative>(
                    simd::load_first<Words>(first + input * stride + w, bytes));
            });
        }
    }

    template <class Load>
    [[gnu::flatten]] void add_batch_of_all(index plane, index w, Load load) {
        constexpr index levels = 4;
        constexpr index at_once = index{1} << levels;
        index const stride = row_units_;
        index const used = used_planes();
        index const count = active_.count;
        std::uint16_t const* const inputs = active_.inputs.data();
        auto sums = counters_.template load<levels>(plane, w);
        index i = 0;
        for (; i + at_once <= count; i += at_once) {
            Words const carry = Counters::template enter<levels, 0>(sums, [&](std::size_t r) {
                return load(inputs[i + static_cast<index>(r)], stride);
            });
            counters_.add_carry(carry, plane + levels, used, w);
        }
        if (i < count) {
            Words const carry = Counters::template enter<levels, 0>(sums, [&](std::size_t r) {
                index const at = i + static_cast<index>(r);
                return at < count ? load(inputs[at], stride) : Words(0);
            });
            counters_.add_carry(carry, plane + levels, used, w);
        }
        counters_.store(sums, plane, w);
    }

    template <bool negative>
    static Words signed_row(Words const& row) {
        if constexpr (negative) {
            return simd::exchange_pairs(row);
        } else {
            return row;
        }
    }

    template <index levels, class Load>
    void add_batch(index plane, index used, index w, Load const& load) {
        auto sums = counters_.template load<levels>(plane, w);
        Words const carry = Counters::template enter<levels, 0>(sums, load);
        counters_.store(sums, plane, w);
        counters_.add_carry(carry, plane + levels, used, w);
    }

    word const* first_;
    index row_units_;
    index words_;
    index units_ = 0;  // an upper bound of all counts
    ActiveInputs<Policy> active_;
    Counters counters_;
};

}  // namespace spikelet::kernels
