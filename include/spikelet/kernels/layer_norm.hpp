// SPDX-License-Identifier: MIT
// Layer normalisation (Ba, Kiros & Hinton, arXiv 1607.06450, equations 3 and 4) over the last axis,
// two passes, biased variance, eps inside the root:
//   y = (x - mean) rstd g + b,   rstd = 1 / sqrt(var + eps)
// Backward, with h = (x - mean) rstd:
//   dx += rstd (g dy - mean(g dy) - h mean(g dy h)),  dg += sum over rows of h dy,  db += sum of dy
//
// Four rows share what a row would wait for, or fetch, alone:
//   forward    sum x | four sums of lanes | sum d, d^2 | four sums, roots, quotients | y
//   backward   sum g dy, g dy h | eight sums of lanes | dx, dg, db
// A row passes out of memory once and out of the L1 or L2 twice more, on the way back once more;
// gain, bias, dg and db are loaded once for four rows.
#pragma once

#include <array>
#include <cmath>
#include <type_traits>

#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// Normalises every row to mean 0 and variance 1, then gain and bias.
template <class Policy>
struct LayerNorm {
    static_assert(CpuPolicy<Policy>,
                  "layer_norm: no kernel for this policy; the policies are Serial and OpenMp");

    /// x, y [rows,C]; gain, bias [C]; statistics [rows,2] keeps mean and rstd, may be null.
    template <class T>
    static void forward(Policy policy, index rows, index C, T eps, T const* x, T const* gain,
                        T const* bias, T* y, T* statistics) {
        auto const all = [=](index begin, index end) {
            each_few_rows(begin, end, [=](index r, auto few) {
                std::array<Moments<T>, few> const moments = measure<few>(C, eps, x + r * C);
                normalise<few>(C, x + r * C, gain, bias, y + r * C, moments);
                for (std::size_t k = 0; statistics != nullptr && k < few; ++k) {
                    T* const kept = statistics + 2 * (r + static_cast<index>(k));
                    kept[0] = moments[k].mean;
                    kept[1] = moments[k].rstd;
                }
            });
        };
        parallel_for(policy, rows, all, grain_of(8192, C));
    }

    /// x, dy, dx [rows,C]; gain, dgain, dbias [C]; statistics [rows,2] as forward() leaves them.
    /// Adds; dx, dgain and dbias may be null.
    template <class T>
    static void backward(Policy policy, index rows, index C, T const* x, T const* gain,
                         T const* statistics, T const* dy, AddsTo<T> dx, T* dgain, T* dbias) {
        using B = simd::Batch<T, Policy>;
        Back<T> const back{C, x, gain, statistics, dy, dx, dgain, dbias};
        if (thread_count(policy) == 1) {
            each_few_rows(0, rows, [&](index r, auto few) { rows_back<few>(back, r, 0, C); });
            return;
        }
        // Rows by threads, then channels by threads: sums over rows have one order.
        if (dx.data != nullptr) {
            Back<T> const input{C, x, gain, statistics, dy, dx, nullptr, nullptr};
            auto const some_rows = [=](index begin, index end) {
                each_few_rows(begin, end,
                              [=](index r, auto few) { rows_back<few>(input, r, 0, C); });
            };
            parallel_for(policy, rows, some_rows, grain_of(8192, C));
        }
        if (dgain != nullptr || dbias != nullptr) {
            Back<T> const parameters{C, x, gain, statistics, dy, {nullptr}, dgain, dbias};
            auto const some_channels = [=](index begin, index end) {
                index const first = begin * simd::width<B>;
                index const last = (std::min)(C, end * simd::width<B>);
                each_few_rows(0, rows, [=](index r, auto few) {
                    rows_back<few>(parameters, r, first, last);
                });
            };
            parallel_for(policy, (C + simd::width<B> - 1) / simd::width<B>, some_channels);
        }
    }

private:
    template <class T>
    struct Moments {
        T mean;
        T rstd;
    };

    /// Calls f(r, count) for some rows at a time, the count a type.
    template <class F>
    static void each_few_rows(index begin, index end, F&& f) {
        index r = begin;
        for (; r + 4 <= end; r += 4) { f(r, std::integral_constant<std::size_t, 4>{}); }
        for (; r < end; ++r) { f(r, std::integral_constant<std::size_t, 1>{}); }
    }

    /// Of rows x [few,C]: none waits for the lanes, the root or the division of another.
    template <std::size_t few, class T>
    static std::array<Moments<T>, few> measure(index C, T eps, T const* x) {
        using B = simd::Batch<T, Policy>;
        std::array<Moments<T>, few> moments;
        std::array<std::array<B, 2>, few> sums;
        T const count = static_cast<T>(C);
        auto const each_row = [](auto&& f) {
            for (std::size_t r = 0; r < few; ++r) { f(r); }
        };
        each_row([&](std::size_t r) {
            T const* const row = x + static_cast<index>(r) * C;
            sums[r][0] = simd::sums_over<B, 1>(
                C, [&](auto& s, index c, auto lanes) { s[0] += simd::load<B>(row + c, lanes); })[0];
        });
        each_row([&](std::size_t r) { moments[r].mean = simd::sum(sums[r][0]) / count; });
        // The rounding of the first sum is large where the mean is: the second pass measures it.
        each_row([&](std::size_t r) {
            T const* const row = x + static_cast<index>(r) * C;
            T const mean = moments[r].mean;
            B const shift(mean);
            sums[r] = simd::sums_over<B, 2>(C, [&](auto& s, index c, auto lanes) {
                B const d = simd::load<B>(row + c, lanes, mean) - shift;
                s[0] += d;
                s[1] = simd::fma(d, d, s[1]);
            });
        });
        each_row([&](std::size_t r) {
            T const correction = simd::sum(sums[r][0]) / count;
            T const variance = std::fma(-correction, correction, simd::sum(sums[r][1]) / count);
            moments[r].mean += correction;
            moments[r].rstd = T(1) / std::sqrt((std::max)(variance, T(0)) + eps);
        });
        return moments;
    }

    template <std::size_t few, class T>
    static void normalise(index C, T const* x, T const* gain, T const* bias, T* y,
                          std::array<Moments<T>, few> const& moments) {
        using B = simd::Batch<T, Policy>;
        simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
            B const g = simd::load<B>(gain + c, lanes);
            B const b = simd::load<B>(bias + c, lanes);
            simd::unrolled<few>([&](auto r) {
                index const i = static_cast<index>(r) * C + c;
                B const h = (simd::load<B>(x + i, lanes) - B(moments[r].mean)) * B(moments[r].rstd);
                simd::store(y + i, simd::fma(h, g, b), lanes);
            });
        });
    }

    template <class T>
    struct Back {
        index C;
        T const *x, *gain, *statistics, *dy;
        Accumulator<T> dx;
        T *dgain, *dbias;
    };

    /// mean(g dy) and mean(g dy h).
    template <class T>
    struct Means {
        T plain, along;
    };

    template <std::size_t few, class T>
    static std::array<Means<T>, few> means(Back<T> const& in, index r) {
        using B = simd::Batch<T, Policy>;
        std::array<std::array<B, 2>, few> sums;
        for (std::size_t k = 0; k < few; ++k) {
            index const row = r + static_cast<index>(k);
            T const* const x = in.x + row * in.C;
            T const* const dy = in.dy + row * in.C;
            B const shift(in.statistics[2 * row]);
            B const scale(in.statistics[2 * row + 1]);
            sums[k] = simd::sums_over<B, 2>(in.C, [&](auto& s, index c, auto lanes) {
                B const g = simd::load<B>(in.gain + c, lanes);
                B const d = simd::load<B>(dy + c, lanes);
                B const h = (simd::load<B>(x + c, lanes) - shift) * scale;
                s[0] = simd::fma(g, d, s[0]);
                s[1] = simd::fma(g * d, h, s[1]);
            });
        }
        std::array<Means<T>, few> means;
        for (std::size_t k = 0; k < few; ++k) {
            means[k] = {simd::sum(sums[k][0]) / static_cast<T>(in.C),
                        simd::sum(sums[k][1]) / static_cast<T>(in.C)};
        }
        return means;
    }

    /// What rows r, ... add to the gradients of channels [first, last). Everything is inlined: as a
    /// function of its own the body of the loop would load every pointer again.
    template <std::size_t few, class T>
    [[gnu::flatten]] static void rows_back(Back<T> const& given, index r, index first, index last) {
        using B = simd::Batch<T, Policy>;
        Back<T> const in = given;  // a copy that no store can reach
        bool const input = in.dx.data != nullptr;
        auto const mean = input ? means<few>(in, r) : std::array<Means<T>, few>{};
        std::array<T, 2 * few> statistics;
        std::copy_n(in.statistics + 2 * r, 2 * few, statistics.data());
        simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
            B const gain = simd::load<B>(in.gain + c, lanes);
            B gains = in.dgain != nullptr ? simd::load<B>(in.dgain + c, lanes) : B(0);
            bool const apart = in.dbias != in.dgain;  // one parameter may be both
            B biases = in.dbias != nullptr && apart ? simd::load<B>(in.dbias + c, lanes) : B(0);
            simd::unrolled<few>([&](auto k) {
                index const i = (r + static_cast<index>(k)) * in.C + c;
                B const dy = simd::load<B>(in.dy + i, lanes);
                B const scale(statistics[2 * k + 1]);
                B const h = (simd::load<B>(in.x + i, lanes) - B(statistics[2 * k])) * scale;
                if (input) {
                    B const centred = simd::fma(gain, dy, B(-mean[k].plain));
                    simd::accumulate(in.dx, i, scale, simd::fnma(h, B(mean[k].along), centred),
                                     lanes);
                }
                gains = simd::fma(h, dy, gains);
                biases += dy;
            });
            if (in.dgain != nullptr) { simd::store(in.dgain + c, gains, lanes); }
            if (in.dbias != nullptr) {
                simd::store(in.dbias + c, apart ? biases : gains + biases, lanes);
            }
        });
    }
};

}  // namespace spikelet::kernels
