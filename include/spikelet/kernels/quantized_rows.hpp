// SPDX-License-Identifier: MIT
// Activations in eight bits, made row by row on the way into a product ("dynamic quantisation"),
// x [M,K]:
//   step = max|x| / 127                of a row
//   code = x / step, to nearest, ties to even; between -127 and 127
// A code is off by at most half a step: 1/254 of the row's largest number. A row of zeros has codes
// and step 0, as has one whose step is too small for a float. In a row with an infinity or a NaN
// the step is infinite or NaN, and so is, or becomes NaN, whatever is multiplied by it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Rows of codes in scratch memory, and sums of codes. A row is padded with zeros to a multiple of
/// four codes, which kernels read at once.
template <class Policy>
class QuantizedRows {
    static constexpr index together = 64;  // numbers; loops of a known length become vectors
    static constexpr index grain_work = index{1} << 15;
    using Batch = simd::Batch<float, Policy>;
    using Numbers = std::array<float, static_cast<std::size_t>(together)>;

public:
    /// Bytes of scratch, to be aligned like floats.
    static constexpr index workspace(index rows, index inputs) {
        return rows * (4 * (1 + parts(inputs)) + padded(inputs));
    }

    /// Rows in `workspace`, which holds nothing before assign().
    QuantizedRows(index rows, index inputs, std::byte* workspace)
        : rows_(rows),
          inputs_(inputs),
          steps_(reinterpret_cast<float*>(workspace)),
          sums_(reinterpret_cast<std::int32_t*>(steps_ + rows)),
          codes_(reinterpret_cast<std::int8_t*>(sums_ + rows * parts(inputs))) {}

    /// What a code of row r is worth.
    float step(index r) const { return steps_[r]; }

    /// The codes of row r; rows are stride() codes apart.
    std::int8_t const* row(index r) const { return codes_ + r * stride(); }
    /// Codes from row to row.
    index stride() const { return padded(inputs_); }

    /// Sum of the codes of the inputs [begin, end) of row r. These are multiples of 64, or all.
    std::int32_t sum(index r, index begin, index end) const {
        std::int32_t const* const sums = sums_ + r * parts(inputs_);
        return end == begin ? 0 : sums[parts(end) - 1] - (begin == 0 ? 0 : sums[parts(begin) - 1]);
    }

    /// Quantises x [rows, inputs].
    void assign(Policy policy, float const* x) const {
        auto const some = [*this, x](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                float const* const row = x + r * inputs_;
                steps_[r] = largest(row, inputs_) / 127;
                encode(row, inputs_, steps_[r], codes_ + r * stride(), sums_ + r * parts(inputs_));
            }
        };
        parallel_for(policy, rows_, some, grain_of(grain_work, inputs_));
    }

private:
    static constexpr index padded(index inputs) { return (inputs + 3) / 4 * 4; }
    static constexpr index parts(index inputs) { return (inputs + together - 1) / together; }

    /// Calls f(numbers, at, count) for some numbers after others, at last with zeros behind them.
    template <class F>
    static void for_each_part(float const* x, index count, F&& f) {
        Numbers numbers;
        for (index i = 0; i < count; i += together) {
            index const some = (std::min)(together, count - i);
            if (some < together) { numbers.fill(0); }
            std::copy_n(x + i, some, numbers.data());
            f(numbers, i, some);
        }
    }

    /// The largest |x|; NaN if one is NaN, since as integers NaNs are above infinity.
    static float largest(float const* x, index count) {
        std::array<std::int32_t, static_cast<std::size_t>(together)> most{};
        for_each_part(x, count, [&](Numbers const& numbers, index, index) {
            for (std::size_t c = 0; c < numbers.size(); ++c) {
                most[c] = (std::max)(most[c], std::bit_cast<std::int32_t>(numbers[c]) & 0x7FFFFFFF);
            }
        });
        return std::bit_cast<float>(*std::max_element(most.begin(), most.end()));
    }

    /// Codes, and the sums of all codes up to the end of each part.
    static void encode(float const* x, index count, float step, std::int8_t* codes,
                       std::int32_t* sums) {
        if (count == 0) { return; }
        std::fill_n(codes + padded(count) - 4, 4, std::int8_t{0});
        // A row of zeros: their quotients by 1 are zeros, too.
        Batch const divisor(step != 0 ? step : 1.0F);
        std::int32_t total = 0;
        for_each_part(x, count, [&](Numbers const& numbers, index at, index some) {
            Numbers quotients;
            for (index c = 0; c < together; c += simd::width<Batch>) {
                // Comparisons that are false for NaN. Around 1.5 * 2^23 numbers have no fraction,
                // and their lowest bits count.
                Batch const quotient = Batch::load_unaligned(numbers.data() + c) / divisor;
                Batch const below = simd::select(quotient < Batch(127), quotient, Batch(127));
                Batch const cut = simd::select(below > Batch(-127), below, Batch(-127));
                Batch(cut + Batch(0x1.8p23F)).store_unaligned(quotients.data() + c);
            }
            std::array<std::int8_t, static_cast<std::size_t>(together)> whole;
            for (std::size_t c = 0; c < whole.size(); ++c) {
                whole[c] =
                    static_cast<std::int8_t>(std::bit_cast<std::uint32_t>(quotients[c]) & 255);
            }
            for (std::int8_t const code : whole) { total += code; }
            *sums++ = total;
            std::copy_n(whole.data(), some, codes + at);
        });
    }

    index rows_;
    index inputs_;
    float* steps_;
    std::int32_t* sums_;
    std::int8_t* codes_;
};

}  // namespace spikelet::kernels
