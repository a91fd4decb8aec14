// SPDX-License-Identifier: MIT
// Numbers to weights of few bits and back, W [inputs, outputs]: w[i][o] is about
// scale[i / group][o] * code[i][o]. One scale serves the inputs of a group of one output:
//   bf16   no scale; the nearest, ties to even
//   int8   scale = max|w| / 127
//   int4   scale = f max|w| / 7 with f = 1.00, 0.98, .. 0.70
//   trit   scale = f mean|w| with f = 1.80, 1.75, .. 0.60, and at last the mean of those |w| that
//          the best of them keeps, which brings a ternary matrix back exactly
//   code = w / scale, rounded to nearest, ties to even (of trits: to zero), cut at the ends
// and among several scales the one with the least sum of squared errors; of equal ones the largest.
// Sums are of doubles whose products are exact, so that no compiler can round them otherwise: a
// matrix has the same codes on every machine.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include <spikelet/core/policy.hpp>
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

namespace detail {

/// How numbers become codes of type C: the largest code, and the scales to try, in units of a first
/// guess, from the largest to the smallest.
template <Code C>
struct CodeScales;

template <>
struct CodeScales<std::int8_t> {
    static constexpr float largest = 127;
    static constexpr std::array<double, 1> factors{1};
};

template <>
struct CodeScales<int4> {
    static constexpr float largest = 7;
    static constexpr auto factors = [] {
        std::array<double, 16> f{};
        for (std::size_t k = 0; k < f.size(); ++k) { f[k] = (50 - static_cast<double>(k)) / 50; }
        return f;
    }();
};

template <>
struct CodeScales<trit> {
    static constexpr float largest = 1;
    static constexpr auto factors = [] {
        std::array<double, 25> f{};
        for (std::size_t k = 0; k < f.size(); ++k) { f[k] = (36 - static_cast<double>(k)) / 20; }
        return f;
    }();
};

/// Encodes some columns together, as many as a word has bits; all loops run over them, so that
/// compilers make vectors of them. Columns past the end of the matrix are zeros.
template <Code C, class Policy>
class Encoder {
    using Rule = CodeScales<C>;
    static constexpr std::size_t columns = bits_per_word;
    using Numbers = std::array<float, columns>;
    using Sums = std::array<double, columns>;

public:
    /// A part of a matrix: rows of w with the columns that are encoded together.
    struct Part {
        float const* w;
        index rows, stride, columns;
    };

    /// Scales of a part's columns, and codes to rows `row_units` apart.
    static void run(Part part, float* scales, storage_of<C>* codes, index row_units) {
        Numbers scale = first_guess(part);
        if constexpr (Rule::factors.size() > 1) { scale = best(part, scale); }
        if constexpr (std::is_same_v<C, trit>) { scale = better(part, scale, kept(part, scale)); }
        std::copy_n(scale.data(), part.columns, scales);
        for_each_row(part, [&](Numbers const& w) {
            store(rounded(w, scale), part.columns, codes);
            codes += row_units;
        });
    }

private:
    template <class F>
    static void for_each_row(Part part, F&& f) {
        Numbers w{};
        for (index i = 0; i < part.rows; ++i, part.w += part.stride) {
            std::copy_n(part.w, part.columns, w.data());
            f(w);
        }
    }

    /// The scale that reaches the largest number, or for trits the mean of |w|.
    static Numbers first_guess(Part part) {
        Sums sum{};
        Numbers most{};
        for_each_row(part, [&](Numbers const& w) {
            for (std::size_t c = 0; c < columns; ++c) {
                most[c] = std::max(most[c], std::abs(w[c]));
                sum[c] += static_cast<double>(std::abs(w[c]));
            }
        });
        auto const rows = static_cast<double>(std::max<index>(part.rows, 1));
        for (std::size_t c = 0; c < columns; ++c) {
            most[c] = std::is_same_v<C, trit> ? static_cast<float>(sum[c] / rows)
                                              : most[c] / Rule::largest;
        }
        return most;
    }

    static Numbers scaled(Numbers numbers, double factor) {
        constexpr auto most = static_cast<double>(std::numeric_limits<float>::max());
        for (float& x : numbers) {
            x = static_cast<float>(std::min(factor * static_cast<double>(x), most));
        }
        return numbers;
    }

    /// Codes as numbers. A scale of zero, of which every multiple is zero, has codes 0.
    static Numbers rounded(Numbers const& w, Numbers const& scale) {
        Numbers codes;
        constexpr float infinity = std::numeric_limits<float>::infinity();
        constexpr float whole = 0x1.8p23F;  // numbers around it have no fraction
        for (std::size_t c = 0; c < columns; ++c) {
            float const step = scale[c] > 0 ? scale[c] : infinity;
            if constexpr (std::is_same_v<C, trit>) {
                codes[c] = std::abs(w[c]) > step / 2 ? std::copysign(1.0F, w[c]) : 0.0F;
            } else {
                float const cut = std::clamp(w[c] / step, -Rule::largest, Rule::largest);
                codes[c] = (cut + whole) - whole;
            }
        }
        return codes;
    }

    static void add_errors(Numbers const& w, Numbers const& scale, Sums& errors) {
        Numbers const codes = rounded(w, scale);
        for (std::size_t c = 0; c < columns; ++c) {
            double const of_code = static_cast<double>(scale[c]) * static_cast<double>(codes[c]);
            auto const e = static_cast<float>(static_cast<double>(w[c]) - of_code);
            errors[c] += static_cast<double>(e) * static_cast<double>(e);
        }
    }

    /// Per column the best of all scales.
    static Numbers best(Part part, Numbers const& guess) {
        constexpr std::size_t count = Rule::factors.size();
        std::array<Numbers, count> scales;
        std::array<Sums, count> errors{};
        for (std::size_t k = 0; k < count; ++k) { scales[k] = scaled(guess, Rule::factors[k]); }
        for_each_row(part, [&](Numbers const& w) {
            for (std::size_t k = 0; k < count; ++k) { add_errors(w, scales[k], errors[k]); }
        });
        for (std::size_t k = 1; k < count; ++k) {
            choose(scales[0], errors[0], scales[k], errors[k]);
        }
        return scales[0];
    }

    /// Per column `other` instead of `scale` where its error is less.
    static Numbers better(Part part, Numbers scale, Numbers const& other) {
        std::array<Sums, 2> errors{};
        for_each_row(part, [&](Numbers const& w) {
            add_errors(w, scale, errors[0]);
            add_errors(w, other, errors[1]);
        });
        choose(scale, errors[0], other, errors[1]);
        return scale;
    }

    static void choose(Numbers& scale, Sums& error, Numbers const& other, Sums const& its_error) {
        for (std::size_t c = 0; c < columns; ++c) {
            if (its_error[c] < error[c]) {
                error[c] = its_error[c];
                scale[c] = other[c];
            }
        }
    }

    /// The mean of those |w| whose code is not zero.
    static Numbers kept(Part part, Numbers scale) {
        Sums sum{};
        Sums count{};
        for_each_row(part, [&](Numbers const& w) {
            Numbers const codes = rounded(w, scale);
            for (std::size_t c = 0; c < columns; ++c) {
                sum[c] += static_cast<double>(w[c] * codes[c]);
                count[c] += static_cast<double>(std::abs(codes[c]));
            }
        });
        for (std::size_t c = 0; c < columns; ++c) {
            scale[c] = static_cast<float>(sum[c] / std::max(count[c], 1.0));
        }
        return scale;
    }

    /// The columns' codes to their places in one row.
    static void store(Numbers const& codes, index count, storage_of<C>* row) {
        std::array<int, columns> whole;
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
            for (std::size_t c = 0; c < columns; ++c) {
                row[0] |= static_cast<word>(whole[c] > 0 ? 1 : 0) << c;
                row[1] |= static_cast<word>(whole[c] < 0 ? 1 : 0) << c;
            }
        }
    }
};

}  // namespace detail

/// Codes [code_units(inputs, outputs)] and scales [scale_groups(inputs, group), outputs] of the
/// numbers w [inputs, outputs]; bf16 has no scales, `scales` may then be null. `group` is a
/// multiple of 64, or all inputs. Unless C is bf16, numbers must be finite, and at most half of the
/// largest float if they are to come back finite: the caller checks. What pads a row is code 0.
template <Code C, CpuPolicy Policy = Serial<>>
void encode(float const* w, index inputs, index outputs, index group, storage_of<C>* codes,
            float* scales) {
    if constexpr (std::is_same_v<C, bf16>) {
        std::transform(w, w + inputs * outputs, codes, to_bf16);
    } else {
        using Encoder = detail::Encoder<C, Policy>;
        index const row_units = Element<C>::row_units(outputs);
        for (index i = 0; i < inputs; i += group, scales += outputs) {
            index const rows = std::min(group, inputs - i);
            for (index c = 0; c < outputs; c += bits_per_word) {
                index const columns = std::min(bits_per_word, outputs - c);
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
