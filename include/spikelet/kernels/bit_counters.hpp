// SPDX-License-Identifier: MIT
// Counts of bits, many side by side: bit b of all counts of a row is one vector of bits, the plane
// of weight 2^b. Vectors enter through full adders (two instructions for three vectors), eight or
// sixteen at a time:
//
//   8 vectors + planes 0, 1, 2  ->  planes 0, 1, 2  and one carry into plane 3
//
// Only at the end planes become numbers. Differences of counts of seven planes fit in a byte, and
// there are twice as many planes: counts stay below 2^14.
#pragma once

#include <array>
#include <cstdint>

#include <spikelet/kernels/bit_lanes.hpp>

namespace spikelet::kernels {

/// Counts of up to `Count` words of bits.
template <class Policy, index Count>
class BitCounters {
public:
    /// Words in a register.
    using Words = simd::Batch<word, Policy>;
    static constexpr index width = simd::width<Words>;  ///< words in a register
    static constexpr index byte_planes = 7;             ///< planes that make a signed byte
    static constexpr index planes = 2 * byte_planes;    ///< bits of a count
    /// What a count holds at most.
    static constexpr index most = (index{1} << planes) - 1;

    /// Counts for `words` words, all 0.
    explicit BitCounters(index words) : words_(words) { clear(planes); }

    /// Sets the first `used` planes to 0.
    void clear(index used) {
        for (index p = 0; p < used; ++p) {
            std::fill_n(planes_[static_cast<std::size_t>(p)].data(), words_ + width, word{0});
        }
    }

    /// Differences of the counts of two neighbouring words, from word w on, by all `used` planes.
    void differences(index w, index used, std::int32_t* to) const {
        alignas(64) std::array<std::int8_t, static_cast<std::size_t>(bits_per_word)> bytes;
        byte_differences(w, 0, (std::min)(used, byte_planes), bytes.data());
        std::copy(bytes.begin(), bytes.end(), to);
        if (used <= byte_planes) { return; }
        byte_differences(w, byte_planes, used - byte_planes, bytes.data());
        for (std::size_t i = 0; i < bytes.size(); ++i) { to[i] += bytes[i] * (1 << byte_planes); }
    }

    /// Some planes of a batch of words, in registers.
    template <index levels>
    using Planes = std::array<Words, static_cast<std::size_t>(levels)>;

    /// The first `levels` planes from `plane` on, of the words from w on.
    template <index levels>
    Planes<levels> load(index plane, index w) {
        Planes<levels> sums;
        simd::unrolled<levels>([&](auto l) {
            sums[l] = simd::load<Words>(at(plane + static_cast<index>(l), w), simd::Full{});
        });
        return sums;
    }
    /// Writes them back.
    template <std::size_t levels>
    void store(std::array<Words, levels> const& sums, index plane, index w) {
        simd::unrolled<static_cast<index>(levels)>([&](auto l) {
            simd::store(at(plane + static_cast<index>(l), w), sums[l], simd::Full{});
        });
    }

    /// Adds 2^level vectors, load(first) and the next ones, to the first planes; what is left is
    /// one carry.
    template <index level, std::size_t first, class Sums, class Load>
    static Words enter(Sums& sums, Load const& load) {
        if constexpr (level == 0) {
            return load(first);
        } else {
            Words const one = enter<level - 1, first>(sums, load);
            Words const other = enter<level - 1, first + (1 << (level - 1))>(sums, load);
            return add_bits(sums[level - 1], one, other);
        }
    }

    /// Adds a carry to the planes from `plane` on, of those below `used`.
    void add_carry(Words carry, index plane, index used, index w) {
        for (index p = plane; p < used; ++p) {
            auto const old = simd::load<Words>(at(p, w), simd::Full{});
            simd::store(at(p, w), old ^ carry, simd::Full{});
            carry = old & carry;
        }
    }

private:
    using Bytes = simd::Batch<std::uint8_t, Policy>;
    // What follows the last word, less than a batch, is read and written with it.
    using Row = std::array<word, static_cast<std::size_t>(Count + width)>;

    /// Two bits of three, the lower to `sum`.
    static Words add_bits(Words& sum, Words const& a, Words const& b) {
        Words const carry = simd::majority(sum, a, b);
        sum = simd::parity(sum, a, b);
        return carry;
    }

    word* at(index p, index w) { return planes_[static_cast<std::size_t>(p)].data() + w; }

    /// By `used` planes from `first` on.
    void byte_differences(index w, index first, index used, std::int8_t* to) const {
        for (index part = 0; part < bits_per_word; part += simd::width<Bytes>) {
            Bytes sum(0);
            for (index p = 0; p < used; ++p) {
                word const* const bits = planes_[static_cast<std::size_t>(first + p)].data() + w;
                auto const weight = static_cast<std::uint8_t>(1 << p);
                sum += simd::bytes_where<Bytes>(bits[0] >> part, weight);
                sum -= simd::bytes_where<Bytes>(bits[1] >> part, weight);
            }
            simd::store(reinterpret_cast<std::uint8_t*>(to) + part, sum, simd::Full{});
        }
    }

    index words_;
    alignas(64) std::array<Row, static_cast<std::size_t>(planes)> planes_;
};

}  // namespace spikelet::kernels
