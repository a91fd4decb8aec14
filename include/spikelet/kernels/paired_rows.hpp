// SPDX-License-Identifier: MIT
// Sums of a few rows of int8 or int4 weights, those of active inputs, times small whole numbers:
//
//   sum[o] = sum over inputs i of value[i] * code[i][o]
//
// Rows pass several at a time, whole; bytes of two rows are interleaved, so that one instruction
// multiplies both and adds the products to 16 bits. What bounds it is how fast rows arrive. An int4
// is stored as code + 8, from 1 to 15, so that 8 * (sum of values) is taken away at the end; of a
// byte the lower and the upper half are added apart.
//
// Sums of 16 bits go to 32 bits before they can overflow: a byte is at most 128 from 0, a half byte
// at most 15, so that 255 resp. 2184 units of value fit in 32767.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include <spikelet/kernels/active_inputs.hpp>
#include <spikelet/kernels/levels.hpp>
#include <spikelet/kernels/pair_products.hpp>
#include <spikelet/kernels/quantized_matrix.hpp>

namespace spikelet::kernels {

/// Integer sums of up to `Columns` columns; events of element type S, weights C.
template <class C, class S, class Policy, index Columns>
class PairedRows {
    using Bytes = simd::Batch<std::uint8_t, Policy>;
    using Words = simd::Batch<std::uint16_t, Policy>;
    using Sums = simd::Batch<std::int16_t, Policy>;
    static constexpr index width = simd::width<Bytes>;
    static constexpr bool halves = std::is_same_v<C, int4>;
    static constexpr index per_byte = halves ? 2 : 1;
    // Sums of a batch of bytes: its lower and upper bytes of every sixteen, each once or twice.
    static constexpr index parts = 2 * per_byte;
    static constexpr index rows_at_once = 8;
    static constexpr index line = 64;
    static constexpr index largest_code = halves ? 15 : 128;
    // Units of value whose sum fits.
    static constexpr index most_units = 32767 / largest_code;
    static constexpr index units_at_once = rows_at_once * largest_magnitude<S>;

    using Pairs = std::array<Bytes, static_cast<std::size_t>(rows_at_once / 2)>;
    using Rows = std::array<std::uint8_t const*, static_cast<std::size_t>(rows_at_once)>;

public:
    /// Columns that a register has codes of.
    static constexpr index columns_at_once = width * per_byte;

    /// Columns from `first` (even) on; a row of codes takes `row_units` bytes.
    PairedRows(storage_of<C> const* codes, index row_units, index first, index columns)
        : first_(reinterpret_cast<std::uint8_t const*>(codes) + first / per_byte),
          row_units_(row_units),
          bytes_((columns + per_byte - 1) / per_byte) {}

    /// Adds what the events of some inputs ask for, the first of which is input `first_input`.
    /// Calls full(), which must drain, before sums overflow. Returns how many rows it read.
    template <class Full>
    index add(word const* events, index inputs, index first_input, Full full) {
        index const words = Element<bit>::row_units(inputs);
        active_.template list<S, Sign::positive>(events, words);
        add_listed<false>(first_input, full);
        index rows = active_.count;
        if constexpr (EventLevels<S>::has_sign) {
            active_.template list<S, Sign::negative>(events, words);
            add_listed<true>(first_input, full);
            rows += active_.count;
        }
        return rows;
    }

    /// Calls take(column, sums) for every columns_at_once columns, from 0 on, and starts again.
    template <class Take>
    void drain(Take take) {
        if (units_ == 0) { sums_.fill(0); }
        auto const offset = static_cast<std::int32_t>(halves ? 8 * value_ : 0);
        for (index b = 0; b < bytes_; b += width) {
            std::int16_t* from = sums_.data() + b * per_byte;
            if constexpr (halves) {
                put_in_order(from);
                put_in_order(from + width);
            }
            alignas(64) std::array<std::int32_t, static_cast<std::size_t>(columns_at_once)> sums;
            std::int32_t* to = sums.data();
            for (index lane = 0; lane < width / 2; lane += 8) {
                for (index part = 0; part < parts; part += 2, to += 16) {
                    std::int16_t const* const eight = from + part * width / 2 + lane;
                    simd::widen(eight, eight + width / 2, offset, to);
                }
            }
            take(b * per_byte, sums.data());
        }
        units_ = 0;
        value_ = 0;
    }

private:
    /// Lower and upper halves of bytes by turns.
    static void put_in_order(std::int16_t* sums) {
        auto const lower = simd::load<Sums>(sums, simd::Full{});
        auto const upper = simd::load<Sums>(sums + width / 2, simd::Full{});
        auto const [first, second] = simd::interleave(lower, upper);
        simd::store(sums, first, simd::Full{});
        simd::store(sums + width / 2, second, simd::Full{});
    }

    template <bool negative, class Full>
    void add_listed(index first_input, Full full) {
        for (index i = 0; i < active_.count; i += rows_at_once) {
            if (units_ + units_at_once > most_units) { full(); }
            Rows rows;
            Rows next;
            Pairs pairs;
            for (std::size_t r = 0; r < rows.size(); ++r) {
                index const at = i + static_cast<index>(r);
                rows[r] = first_ + (first_input + active_.input(at)) * row_units_;
                next[r] = first_ + (first_input + active_.input(at + rows_at_once)) * row_units_;
            }
            for (std::size_t r = 0; r < rows.size(); r += 2) {
                index const at = i + static_cast<index>(r);
                unsigned const one = active_.magnitude(at);
                unsigned const other = active_.magnitude(at + 1);
                pairs[r / 2] = simd::as<Bytes>(Words(static_cast<std::uint16_t>(one | other << 8)));
                value_ += (negative ? -1 : 1) * static_cast<index>(one + other);
            }
            if (units_ == 0) {
                pass<negative, true>(rows, next, pairs);
            } else {
                pass<negative, false>(rows, next, pairs);
            }
            units_ += units_at_once;
        }
    }

    /// Adds some rows to the sums, or starts these with them.
    template <bool negative, bool start>
    [[gnu::flatten]] void pass(Rows rows, Rows next, Pairs pairs) {
        std::int16_t* sums = sums_.data();
        index b = 0;
        for (; b + width <= bytes_; b += width, sums += width * per_byte) {
            if (b % line == 0) {
                for (auto const* row : next) { simd::prefetch_for_reading(row + b); }
            }
            add_batch<negative, start>(rows, pairs, sums, [=](std::uint8_t const* row) {
                return simd::load<Bytes>(row + b, simd::Full{});
            });
        }
        if (b < bytes_) {
            add_batch<negative, start>(rows, pairs, sums, [=, this](std::uint8_t const* row) {
                return simd::load_first<Bytes>(row + b, bytes_ - b);
            });
        }
    }

    template <bool negative, bool start, class Load>
    static void add_batch(Rows const& rows, Pairs const& pairs, std::int16_t* sums, Load load) {
        std::array<Sums, static_cast<std::size_t>(parts)> sum;
        sum.fill(Sums(0));
        simd::unrolled<rows_at_once / 2>([&](auto p) {
            Bytes const one = load(rows[2 * p]);
            Bytes const other = load(rows[2 * p + 1]);
            auto const [low, high] = simd::interleave(one, other);
            if constexpr (halves) {
                sum[0] += simd::pair_products(low & Bytes(15), pairs[p]);
                sum[1] += simd::pair_products(low, pairs[p]);
                sum[2] += simd::pair_products(high & Bytes(15), pairs[p]);
                sum[3] += simd::pair_products(high, pairs[p]);
            } else {
                sum[0] += simd::pair_products(pairs[p], low);
                sum[1] += simd::pair_products(pairs[p], high);
            }
        });
        if constexpr (halves) {
            sum[1] = (sum[1] - sum[0]) >> 4;
            sum[3] = (sum[3] - sum[2]) >> 4;
        }
        simd::unrolled<parts>([&](auto p) {
            std::int16_t* const to = sums + static_cast<index>(p) * width / 2;
            Sums const old = start ? Sums(0) : simd::load<Sums>(to, simd::Full{});
            simd::store(to, negative ? old - sum[p] : old + sum[p], simd::Full{});
        });
    }

    std::uint8_t const* first_;
    index row_units_;
    index bytes_;
    index units_ = 0;  // of value, that are in the sums
    index value_ = 0;  // the same with signs, without what fills a pass up
    ActiveInputs<Policy> active_;
    alignas(64) std::array<std::int16_t, static_cast<std::size_t>(Columns + 2 * width)> sums_;
};

}  // namespace spikelet::kernels
