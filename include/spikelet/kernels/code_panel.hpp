// SPDX-License-Identifier: MIT
// Weights of few bits as operands of dot_quads(): a panel is as many columns as a register of codes
// holds. Its unsigned bytes u are codes plus an offset, which is taken off where a sum starts:
//   sum_i x[i] code[i] = sum_i x[i] u[i] - offset sum_i x[i]
//   int8   u = code + 128: the highest bit turned around
//   trit   u = code + 1: from the two bits of a trit
//   int4   u = code + 8: the halves of a byte. Where sums have 32 bits, the whole byte first + 16
//          second takes the place of the second: the difference of the sums is 16 times that of
//          the second, a mask for two codes instead of a shift and two masks.
// Without an instruction that adds up four products, those of small u are added up in 16 bits as
// long as these hold them.
#pragma once

#include <spikelet/kernels/pair_products.hpp>
#include <spikelet/kernels/quantized_matrix.hpp>
#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Sums of a panel, which take some registers of integers; its bytes u are at most Largest, those
/// of a row at most Factor. AtOnce: see simd::has_dot_quads.
template <class Policy, bool AtOnce, index Registers, index Largest, index Factor = 127>
struct QuadSums {
    /// Codes in a register.
    using Bytes = simd::Bytes<Policy>;
    /// Sums in a register.
    using Integers = simd::Integers<Policy>;
    static constexpr index registers = Registers;  ///< of a panel's sums
    /// The sums of all columns.
    using Sums = std::array<Integers, static_cast<std::size_t>(Registers)>;

    /// Quads whose products add up in 16 bits. 0: none, or others are better added up in 32.
    static constexpr index narrow_quads =
        AtOnce || (simd::MultipliesQuads<Policy> && !simd::MultipliesPairs<Policy>)
            ? 0
            : 32767 / (2 * Factor * Largest);

    /// Sums of up to narrow_quads quads, two inputs of a column in a lane.
    using Narrow = simd::Batch<std::int16_t, Policy>;
    /// The same for all columns.
    using NarrowSums = std::array<Narrow, static_cast<std::size_t>(Registers)>;

    /// What sums are made of: a panel's bytes of four inputs, those of a column together.
    using Quads = std::array<Bytes, static_cast<std::size_t>(Registers)>;

    /// Sums in memory take so many integers, aligned like a register.
    static constexpr index sums_size = Registers * simd::width<Integers>;

    /// Reads sums_size integers.
    [[gnu::always_inline]] static Sums load_sums(std::int32_t const* from) {
        Sums sums;
        simd::unrolled<Registers>([&](auto q) {
            sums[q] = Integers::load_aligned(from + static_cast<index>(q) * simd::width<Integers>);
        });
        return sums;
    }
    /// Writes sums_size integers.
    [[gnu::always_inline]] static void store_sums(Sums const& sums, std::int32_t* to) {
        simd::unrolled<Registers>([&](auto q) {
            sums[q].store_aligned(to + static_cast<index>(q) * simd::width<Integers>);
        });
    }

    /// sums + x quads, four inputs of a row x in every lane.
    [[gnu::always_inline]] static void add(Sums& sums, Quads const& quads, Integers const& x) {
        simd::unrolled<Registers>([&](auto q) {
            if constexpr (narrow_quads > 0) {
                sums[q] = simd::quad_products<false>(sums[q], quads[q], x);
            } else {
                sums[q] = simd::dot_quads<AtOnce>(sums[q], quads[q], x);
            }
        });
    }

    /// The same in 16 bits.
    [[gnu::always_inline]] static void add(NarrowSums& sums, Quads const& quads,
                                           Integers const& x) {
        simd::unrolled<Registers>(
            [&](auto q) { sums[q] += simd::pair_products(quads[q], simd::as<Bytes>(x)); });
    }

    /// Sets all to 0.
    [[gnu::always_inline]] static void clear(NarrowSums& sums) {
        simd::unrolled<Registers>([&](auto q) { sums[q] = Narrow(0); });
    }

    /// sums + narrow.
    [[gnu::always_inline]] static void add(Sums& sums, NarrowSums const& narrow) {
        simd::unrolled<Registers>(
            [&](auto q) { sums[q] = simd::add_neighbours(sums[q], narrow[q]); });
    }
};

/// A panel with one code in a byte, plus an offset.
template <class Policy, bool AtOnce, int Offset>
struct BytePanel : QuadSums<Policy, AtOnce, 4, 2 * Offset> {
    using typename QuadSums<Policy, AtOnce, 4, 2 * Offset>::Bytes;
    using typename QuadSums<Policy, AtOnce, 4, 2 * Offset>::Integers;
    using typename QuadSums<Policy, AtOnce, 4, 2 * Offset>::Sums;
    using typename QuadSums<Policy, AtOnce, 4, 2 * Offset>::Quads;
    /// Columns of a panel.
    static constexpr index columns = simd::width<Bytes>;

    /// What sums start from where x adds up to `total`.
    static Sums start(std::int32_t total) {
        Sums sums;
        sums.fill(Integers(-Offset * total));
        return sums;
    }

    /// What is multiplied, from the bytes of four inputs.
    [[gnu::always_inline]] static Quads quads(std::array<Bytes, 4> const& rows) {
        return simd::quads(rows);
    }

    /// Complete sums in the order of columns.
    static Sums ordered(Sums const& sums) { return simd::in_column_order(sums); }

    /// The first column of register t of ordered sums.
    static constexpr index column(index t) { return t * simd::width<Integers>; }
};

/// The columns of codes of type C that a register holds.
template <Code C, class Policy, bool AtOnce>
struct CodePanel;

/// Codes in bytes as they are.
template <class Policy, bool AtOnce>
struct CodePanel<std::int8_t, Policy, AtOnce> : BytePanel<Policy, AtOnce, 128> {
    using typename BytePanel<Policy, AtOnce, 128>::Bytes;

    /// Columns in a cache line.
    static constexpr index fetched = 64;

    /// The bytes of one input, from `column` on.
    [[gnu::always_inline]] static Bytes load(std::int8_t const* row, index column, simd::Full) {
        return Bytes::load_unaligned(bytes(row) + column) ^ Bytes(128);
    }
    [[gnu::always_inline]] static Bytes load(std::int8_t const* row, index column,
                                             simd::Part part) {
        return simd::load_first<Bytes>(bytes(row) + column, part.n) ^ Bytes(128);
    }

private:
    static std::uint8_t const* bytes(std::int8_t const* row) {
        return reinterpret_cast<std::uint8_t const*>(row);
    }
};

/// Codes of two bits, which are spread to bytes.
template <class Policy, bool AtOnce>
struct CodePanel<trit, Policy, AtOnce> : BytePanel<Policy, AtOnce, 1> {
    using typename BytePanel<Policy, AtOnce, 1>::Bytes;

    /// Columns in a cache line.
    static constexpr index fetched = 256;

    /// The bytes of one input, from `column` on; rows are padded to whole words.
    [[gnu::always_inline]] static Bytes load(word const* row, index column, auto) {
        constexpr bool whole = simd::width<Bytes> == bits_per_word;
        word const* const words = row + column / bits_per_word * Element<trit>::planes;
        index const shift = whole ? 0 : column % bits_per_word;
        return simd::bytes_of_trits<Bytes>(words[0] >> shift, words[1] >> shift);
    }
};

/// Sums of whole bytes (upper halves where these are multiplied in 16 bits), then of lower halves.
template <class Policy, bool AtOnce>
struct CodePanel<int4, Policy, AtOnce> : QuadSums<Policy, AtOnce, 8, 15> {
    using typename QuadSums<Policy, AtOnce, 8, 15>::Bytes;
    using typename QuadSums<Policy, AtOnce, 8, 15>::Integers;
    using typename QuadSums<Policy, AtOnce, 8, 15>::Sums;
    using typename QuadSums<Policy, AtOnce, 8, 15>::Quads;
    /// Columns of a panel.
    static constexpr index columns = 2 * simd::width<Bytes>;
    /// Whether whole bytes take the place of upper halves; see the top of this file.
    static constexpr bool whole = QuadSums<Policy, AtOnce, 8, 15>::narrow_quads == 0;

    /// Columns in a cache line.
    static constexpr index fetched = 128;

    /// What sums start from where x adds up to `total`.
    static Sums start(std::int32_t total) {
        constexpr int offset = Element<int4>::offset;
        Sums sums;
        std::fill_n(sums.begin(), 4, Integers((whole ? -17 : -1) * offset * total));
        std::fill_n(sums.begin() + 4, 4, Integers(-offset * total));
        return sums;
    }

    /// The bytes of one input, from an even `column` on.
    [[gnu::always_inline]] static Bytes load(std::uint8_t const* row, index column, simd::Full) {
        return Bytes::load_unaligned(row + column / 2);
    }
    [[gnu::always_inline]] static Bytes load(std::uint8_t const* row, index column,
                                             simd::Part part) {
        index const bytes = Element<int4>::row_units(part.n);
        return bytes < simd::width<Bytes> ? simd::load_first<Bytes>(row + column / 2, bytes)
                                          : load(row, column, simd::Full{});
    }

    /// What is multiplied, from the bytes of four inputs.
    [[gnu::always_inline]] static Quads quads(std::array<Bytes, 4> const& rows) {
        auto const bytes = simd::quads(rows);
        Quads both;
        simd::unrolled<4>([&](auto q) {
            both[q] = whole ? bytes[q] : (bytes[q] >> 4);
            both[q + 4] = bytes[q] & Bytes(15);
        });
        return both;
    }

    /// Complete sums in the order of columns, but for column().
    static Sums ordered(Sums const& sums) {
        std::array<std::array<Integers, 4>, 2> halves;
        simd::unrolled<4>([&](auto q) {
            Integers const first = sums[q + 4];
            auto const [low, high] =
                simd::interleave(first, whole ? (sums[q] - first) >> 4 : sums[q]);
            halves[q / 2][q % 2 * 2] = low;
            halves[q / 2][q % 2 * 2 + 1] = high;
        });
        Sums both;
        for (std::size_t h = 0; h < 2; ++h) {
            auto const some = simd::in_column_order(halves[h]);
            std::copy(some.begin(), some.end(), both.begin() + 4 * static_cast<index>(h));
        }
        return both;
    }

    /// The first column of register t of ordered sums: of each 32 columns the first four registers
    /// have the first 16.
    static constexpr index column(index t) {
        index const from = t % 4 * simd::width<Integers>;
        return from / 16 * 32 + from % 16 + t / 4 * 16;
    }
};

}  // namespace spikelet::kernels
