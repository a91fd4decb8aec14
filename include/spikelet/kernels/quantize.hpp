// SPDX-License-Identifier: MIT
// Numbers to weights of few bits and back, W [inputs, outputs]: w[i][o] is about
// scale[i / group][o] * code[i][o]. One scale serves the inputs of a group of one output:
//   bf16   no scale; the nearest, ties to even
//   int8   scale = max|w| / 127
//   int4   scale = f max|w| / 7 with f = 1.00, 0.98, .. 0.70
//   trit   scale = f mean|w| with f = 1.80, 1.75, .. 0.60, and at last the mean of those |w| that
//          the best of them keeps, which brings a ternary matrix back exactly
//   code = w / scale, rounded to nearest, ties to even (of trits: to zero), cut at the ends
// and among several scales the one with the least sum of squared errors; of equal ones the largest
// (kernels/code_scales.hpp). A matrix has the same codes on every machine.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include <spikelet/core/policy.hpp>
#include <spikelet/kernels/code_scales.hpp>
#include <spikelet/kernels/quantized_matrix.hpp>

namespace spikelet::kernels {

/// Units of storage that the codes of a matrix take.
template <Code C>
constexpr index code_units(index inputs, index outputs) {
    return inputs * Element<C>::row_units(outputs);
}

/// The bf16 nearest to x, ties to even; infinity beyond the largest, NaN for NaN.
constexpr bf16 to_bf16(float x) {
    auto const bits = std::bit_cast<std::uint32_t>(x);
    bool const nan = x != x;
    std::uint32_t const rounded = nan ? bits | 0x400000 : bits + 0x7FFF + (bits >> 16 & 1);
    return {static_cast<std::uint16_t>(rounded >> 16)};
}

/// The largest number that comes back finite from codes of type C, or from float: of those with
/// scales half of the largest float; of bf16 the last that is not rounded to infinity.
template <class C>
inline constexpr float largest_encodable = [] {
    constexpr float largest = (std::numeric_limits<float>::max)();
    if constexpr (std::is_same_v<C, float>) { return largest; }
    return std::is_same_v<C, bf16> ? std::bit_cast<float>(0x7F7F7FFFU) : largest / 2;
}();

/// True if all numbers are finite, and come back finite where they are stored as C.
template <class C, CpuPolicy Policy = Serial<>>
bool encodable(float const* w, index n) {
    constexpr float most = largest_encodable<C>;
    index beyond = 0;
    for (index i = 0; i < n; ++i) { beyond += std::abs(w[i]) <= most ? 0 : 1; }
    return beyond == 0;
}

namespace detail {

/// Encodes some columns together: loops run over them, and are made of vectors.
template <Code C, class Policy>
class Encoder {
    using Rule = CodeScales<C>;

public:
    /// Scales of a part's columns, and codes to rows `row_units` apart.
    static void run(ColumnBlock part, float* scales, storage_of<C>* codes, index row_units) {
        ColumnNumbers const scale = ScaleChoice<C, Policy>::run(part);
        std::copy_n(scale.data(), part.columns, scales);
        for_each_row(part, [&](ColumnNumbers const& w) {
            store(rounded(w, scale), part.columns, codes);
            codes += row_units;
        });
    }

    /// The numbers that the codes stand for, without codes, to rows as far apart as the part's.
    static void round_trip(ColumnBlock part, float* to) {
        ColumnNumbers const scale = ScaleChoice<C, Policy>::run(part);
        for_each_row(part, [&](ColumnNumbers const& w) {
            ColumnNumbers numbers = rounded(w, scale);
            for (std::size_t c = 0; c < coded_columns; ++c) { numbers[c] *= scale[c]; }
            std::copy_n(numbers.data(), part.columns, to);
            to += part.stride;
        });
    }

private:
    template <class F>
    static void for_each_row(ColumnBlock part, F&& f) {
        ColumnNumbers w{};
        for (index i = 0; i < part.rows; ++i, part.w += part.stride) {
            std::copy_n(part.w, part.columns, w.data());
            f(w);
        }
    }

    /// Codes as numbers. A scale of zero, of which every multiple is zero, has codes 0.
    static ColumnNumbers rounded(ColumnNumbers const& w, ColumnNumbers const& scale) {
        using B = simd::Batch<float, Policy>;
        constexpr float whole = 0x1.8p23F;  // numbers around it have no fraction
        ColumnNumbers codes;
        simd::for_each_batch<B>(0, bits_per_word, [&](index c, auto lanes) {
            B const x = simd::load<B>(w.data() + c, lanes);
            B const s = simd::load<B>(scale.data() + c, lanes);
            B const step = simd::select(s > B(0), s, B(std::numeric_limits<float>::infinity()));
            if constexpr (std::is_same_v<C, trit>) {
                B const half = step * B(0.5F);
                B const above = simd::select(x > half, B(1), B(0));
                simd::store(codes.data() + c, above - simd::select(x < -half, B(1), B(0)), lanes);
            } else {
                B const most(Rule::largest);
                B const cut = (simd::max)(-most, (simd::min)(most, x / step));
                simd::store(codes.data() + c, (cut + B(whole)) - B(whole), lanes);
            }
        });
        return codes;
    }

    /// The columns' codes to their places in one row.
    static void store(ColumnNumbers const& codes, index count, storage_of<C>* row) {
        std::array<int, coded_columns> whole;
        std::transform(codes.begin(), codes.end(), whole.begin(),
                       [](float code) { return static_cast<int>(code); });
        if constexpr (std::is_same_v<C, std::int8_t>) {
            std::transform(whole.begin(), whole.begin() + count, row,
                           [](int code) { return static_cast<std::int8_t>(code); });
        } else if constexpr (std::is_same_v<C, int4>) {
            for (std::size_t c = 0; c < static_cast<std::size_t>(count); c += 2, ++row) {
                int const both =
                    whole[c] + Element<int4>::offset + (whole[c + 1] + Element<int4>::offset) * 16;
                *row = static_cast<std::uint8_t>(both);
            }
        } else {
            row[0] = row[1] = 0;
            for (std::size_t c = 0; c < coded_columns; ++c) {
                row[0] |= static_cast<word>(whole[c] > 0 ? 1 : 0) << c;
                row[1] |= static_cast<word>(whole[c] < 0 ? 1 : 0) << c;
            }
        }
    }
};

}  // namespace detail

/// Codes [code_units(inputs, outputs)] and scales [scale_groups(inputs, group), outputs] of the
/// numbers w [inputs, outputs]; bf16 has no scales, `scales` may then be null. `group` is a
/// multiple of 64, or all inputs. Unless C is bf16, numbers must be finite; encodable() ones come
/// back finite: the caller checks. What pads a row is code 0.
template <Code C, CpuPolicy Policy = Serial<>>
void encode(float const* w, index inputs, index outputs, index group, storage_of<C>* codes,
            float* scales) {
    if constexpr (std::is_same_v<C, bf16>) {
        std::transform(w, w + inputs * outputs, codes, to_bf16);
    } else {
        using Encoder = detail::Encoder<C, Policy>;
        index const row_units = Element<C>::row_units(outputs);
        for (index i = 0; i < inputs; i += group, scales += outputs) {
            index const rows = (std::min)(group, inputs - i);
            for (index c = 0; c < outputs; c += bits_per_word) {
                index const columns = (std::min)(bits_per_word, outputs - c);
                Encoder::run({w + i * outputs + c, rows, outputs, columns}, scales + c,
                             codes + i * row_units + Element<C>::row_units(c), row_units);
            }
        }
    }
}

/// The numbers w [inputs, outputs] that a matrix of few bits stands for.
template <Code C, CpuPolicy Policy = Serial<>>
void decode(QuantizedMatrix<C> matrix, index inputs, index outputs, float* w) {
    storage_of<C> const* row = matrix.codes;
    for (index i = 0; i < inputs; ++i, row += Element<C>::row_units(outputs), w += outputs) {
        for (index o = 0; o < outputs; ++o) {
            if constexpr (std::is_same_v<C, bf16>) {
                w[o] = row[o];
            } else {
                float const scale = matrix.scales[i / matrix.group * outputs + o];
                w[o] = scale * static_cast<float>(Element<C>::at(row, o));
            }
        }
    }
}

}  // namespace spikelet::kernels
