// SPDX-License-Identifier: MIT
// Scales of weights in few bits (kernels/quantize.hpp says which there are to choose from). Where a
// scale s gives the codes q to a column w, the sum of squared errors is
//   sum(w^2) + s (s sum(q^2) - 2 sum(w q))
// and for trits, with q = sign(w) where |w| > s/2, else 0,
//   sum(w^2) - 2 s sum(max(|w| - s/2, 0))
// Products are of doubles, and exact, so that no compiler can round them otherwise: a matrix has
// the same scales on every machine.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <spikelet/kernels/quantized_matrix.hpp>
#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

namespace detail {

/// How numbers become codes of type C: the largest code, and the scales to try, in units of a first
/// guess, from the largest to the smallest; and how many of these are tried at a time.
template <Code C>
struct CodeScales;

template <>
struct CodeScales<std::int8_t> {
    static constexpr float largest = 127;
    static constexpr std::array<double, 1> factors{1};
    static constexpr index at_once = 1;
};

template <>
struct CodeScales<int4> {
    static constexpr float largest = 7;
    static constexpr auto factors = [] {
        std::array<double, 16> f{};
        for (std::size_t k = 0; k < f.size(); ++k) { f[k] = (50 - static_cast<double>(k)) / 50; }
        return f;
    }();
    static constexpr index at_once = 4;
};

template <>
struct CodeScales<trit> {
    static constexpr float largest = 1;
    static constexpr auto factors = [] {
        std::array<double, 25> f{};
        for (std::size_t k = 0; k < f.size(); ++k) { f[k] = (36 - static_cast<double>(k)) / 20; }
        return f;
    }();
    static constexpr index at_once = 5;
};

/// Columns that are encoded together: as many as a word has bits.
inline constexpr std::size_t coded_columns = bits_per_word;

/// A number for each of them. Columns past the end of a matrix have zeros.
using ColumnNumbers = std::array<float, coded_columns>;

/// A part of a matrix: rows of w, `stride` apart, of the columns that are encoded together.
struct ColumnBlock {
    float const* w;
    index rows, stride, columns;
};

/// Chooses the scales of a part's columns for codes of type C.
template <Code C, class Policy>
class ScaleChoice {
    using Rule = CodeScales<C>;
    using Sums = std::array<double, coded_columns>;
    using B = simd::Batch<double, Policy>;

    /// Of trits one sum says what a scale brings, of others two: of w q, and of q^2.
    static constexpr std::size_t sum_count = std::is_same_v<C, trit> ? 1 : 2;

    /// Per column a scale and these sums.
    struct Trial {
        ColumnNumbers scale;
        std::array<Sums, sum_count> sums{};

        /// The error, but for what is the same for all scales.
        [[nodiscard]] double error(std::size_t c) const {
            auto const s = static_cast<double>(scale[c]);
            if constexpr (std::is_same_v<C, trit>) {
                return -2 * s * sums[0][c];
            } else {
                return s * (s * sums[1][c] - 2 * sums[0][c]);
            }
        }
    };

public:
    static ColumnNumbers run(ColumnBlock const& part) {
        if constexpr (Rule::factors.size() == 1) {
            return first_guess(part);
        } else {
            return best(part, first_guess(part));
        }
    }

private:
    /// Of all multiples of the guess, and at last the mean of what the best of them keeps.
    static ColumnNumbers best(ColumnBlock const& part, ColumnNumbers const& guess) {
        std::array<Trial, Rule::factors.size()> trials;
        for (std::size_t k = 0; k < trials.size(); ++k) {
            trials[k].scale = scaled(guess, Rule::factors[k]);
        }
        measure(part, trials);
        for (std::size_t k = 1; k < trials.size(); ++k) { choose(trials[0], trials[k]); }
        if constexpr (std::is_same_v<C, trit>) {
            std::array<Trial, 1> last{mean_of_kept(part, trials[0])};
            measure(part, last);
            choose(trials[0], last[0]);
        }
        return trials[0].scale;
    }

    /// The scale that reaches the largest number, or for trits the mean of |w|.
    static ColumnNumbers first_guess(ColumnBlock part) {
        Sums sum{};
        ColumnNumbers most{};
        auto const columns = static_cast<std::size_t>(part.columns);
        for (index i = 0; i < part.rows; ++i, part.w += part.stride) {
            for (std::size_t c = 0; c < columns; ++c) {
                float const size = std::abs(part.w[c]);
                most[c] = (std::max)(most[c], size);
                sum[c] += static_cast<double>(size);
            }
        }
        auto const rows = static_cast<double>(std::max<index>(part.rows, 1));
        for (std::size_t c = 0; c < coded_columns; ++c) {
            most[c] = std::is_same_v<C, trit> ? static_cast<float>(sum[c] / rows)
                                              : most[c] / Rule::largest;
        }
        return most;
    }

    static ColumnNumbers scaled(ColumnNumbers numbers, double factor) {
        constexpr auto most = static_cast<double>((std::numeric_limits<float>::max)());
        for (float& x : numbers) {
            x = static_cast<float>((std::min)(factor * static_cast<double>(x), most));
        }
        return numbers;
    }

    /// The mean of those |w| whose code is not zero: their sum is known but for s/2 for each.
    static Trial mean_of_kept(ColumnBlock part, Trial const& best) {
        using Floats = simd::Batch<float, Policy>;
        ColumnNumbers count{};
        for (index i = 0; i < part.rows; ++i, part.w += part.stride) {
            simd::for_each_batch<Floats>(0, part.columns, [&](index c, auto lanes) {
                Floats const size = simd::abs(simd::load<Floats>(part.w + c, lanes));
                Floats const half = Floats(0.5F) * simd::load<Floats>(&best.scale[0] + c, lanes);
                Floats const n = simd::load<Floats>(count.data() + c, lanes);
                simd::store(count.data() + c, n + simd::select(size > half, Floats(1), Floats(0)),
                            lanes);
            });
        }
        Trial mean;
        for (std::size_t c = 0; c < coded_columns; ++c) {
            double const above = best.sums[0][c] / static_cast<double>((std::max)(count[c], 1.0F));
            mean.scale[c] = static_cast<float>(static_cast<double>(best.scale[c]) / 2 + above);
        }
        return mean;
    }

    /// Per column `other` instead of `best` where its error is less.
    static void choose(Trial& best, Trial const& other) {
        for (std::size_t c = 0; c < coded_columns; ++c) {
            bool const less = other.error(c) < best.error(c);
            best.scale[c] = less ? other.scale[c] : best.scale[c];
            for (std::size_t n = 0; n < sum_count; ++n) {
                best.sums[n][c] = less ? other.sums[n][c] : best.sums[n][c];
            }
        }
    }

    static constexpr index block_rows = 32;
    using Rows = std::array<Sums, static_cast<std::size_t>(block_rows)>;

    /// The sums of some scales. Rows are copied first, some at a time: at the strides of a matrix
    /// they compete for a few lines of the L1.
    template <std::size_t K>
    static void measure(ColumnBlock part, std::array<Trial, K>& trials) {
        constexpr index at_once = K == 1 ? 1 : Rule::at_once;
        static_assert(static_cast<index>(K) % at_once == 0);
        std::array<Sums, K> steps;
        for (std::size_t k = 0; k < K; ++k) { steps[k] = steps_of(trials[k].scale); }
        Rows rows{};
        for (index i = 0; i < part.rows; i += block_rows) {
            index const count = (std::min)(block_rows, part.rows - i);
            for (index r = 0; r < count; ++r) {
                float const* const row = part.w + (i + r) * part.stride;
                std::copy_n(row, part.columns, rows[static_cast<std::size_t>(r)].data());
            }
            for (index c = 0; c < part.columns; c += simd::width<B>) {
                for (std::size_t k = 0; k < K; k += static_cast<std::size_t>(at_once)) {
                    add<at_once>(rows, count, c, steps.data() + k, trials.data() + k);
                }
            }
        }
    }

    /// Half of each scale for trits, otherwise what makes codes of numbers: one by the scale. Of a
    /// scale of zero all codes are zero.
    static Sums steps_of(ColumnNumbers const& scale) {
        Sums steps;
        for (std::size_t c = 0; c < coded_columns; ++c) {
            auto const s = static_cast<double>(scale[c]);
            if constexpr (std::is_same_v<C, trit>) {
                steps[c] = s / 2;
            } else {
                steps[c] = s > 0 ? 1 / s : 0.0;
            }
        }
        return steps;
    }

    /// A batch of columns with N scales.
    template <index N>
    [[gnu::flatten]] static void add(Rows const& rows, index count, index column, Sums const* steps,
                                     Trial* trials) {
        std::array<std::array<B, sum_count>, static_cast<std::size_t>(N)> sums;
        std::array<B, static_cast<std::size_t>(N)> step;
        simd::unrolled<N>([&](auto k) {
            step[k] = simd::load<B>(steps[k].data() + column, simd::Full{});
            simd::unrolled<sum_count>([&](auto n) {
                sums[k][n] = simd::load<B>(trials[k].sums[n].data() + column, simd::Full{});
            });
        });
        for (index r = 0; r < count; ++r) {
            double const* const row = rows[static_cast<std::size_t>(r)].data();
            B const w = simd::load<B>(row + column, simd::Full{});
            simd::unrolled<N>([&](auto k) { add(w, step[k], sums[k]); });
        }
        simd::unrolled<N>([&](auto k) {
            simd::unrolled<sum_count>([&](auto n) {
                simd::store(trials[k].sums[n].data() + column, sums[k][n], simd::Full{});
            });
        });
    }

    static void add(B const& w, B const& step, std::array<B, sum_count>& sums) {
        if constexpr (std::is_same_v<C, trit>) {
            sums[0] = sums[0] + (simd::max)(simd::abs(w) - step, B(0));
        } else {
            constexpr double whole = 0x1.8p52;  // numbers around it have no fraction
            B const most = simd::constant<B>(static_cast<double>(Rule::largest));
            B const cut = (simd::max)(-most, (simd::min)(most, w * step));
            B const code = (cut + B(whole)) - B(whole);
            sums[0] = simd::fma(w, code, sums[0]);
            sums[1] = simd::fma(code, code, sums[1]);
        }
    }
};

}  // namespace detail
}  // namespace spikelet::kernels
