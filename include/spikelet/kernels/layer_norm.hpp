// SPDX-License-Identifier: MIT
// Layer normalisation (Ba, Kiros & Hinton, arXiv 1607.06450, equations 3 and 4) over the last axis,
// two passes, biased variance, eps inside the root:
//   y = (x - mean) rstd g + b,   rstd = 1 / sqrt(var + eps)
// Backward, with h = (x - mean) rstd:
//   dx += rstd (g dy - mean(g dy) - h mean(g dy h)),  dg += sum over rows of h dy,  db += sum of dy
#pragma once

#include <cmath>

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
        using B = simd::Batch<T, Policy>;
        auto some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                auto const [mean, rstd] = measure<B>(C, eps, x + r * C);
                B const shift(mean);
                B const scale(rstd);
                simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
                    B const h = (simd::load<B>(x + r * C + c, lanes) - shift) * scale;
                    B const g = simd::load<B>(gain + c, lanes);
                    simd::store(y + r * C + c, simd::fma(h, g, simd::load<B>(bias + c, lanes)),
                                lanes);
                });
                if (statistics != nullptr) {
                    statistics[2 * r] = mean;
                    statistics[2 * r + 1] = rstd;
                }
            }
        };
        parallel_for(policy, rows, some_rows, grain_of(8192, C));
    }

    /// x, dy, dx [rows,C]; gain, dgain, dbias [C]; statistics [rows,2] as forward() leaves them.
    /// Adds; dx, dgain and dbias may be null.
    template <class T>
    static void backward(Policy policy, index rows, index C, T const* x, T const* gain,
                         T const* statistics, T const* dy, AddsTo<T> dx, T* dgain, T* dbias) {
        using B = simd::Batch<T, Policy>;
        auto const input = [=](index begin, index end) {
            for (index r = begin; dx.data != nullptr && r < end; ++r) {
                input_gradient(C, x + r * C, gain, statistics + 2 * r, dy + r * C, dx + r * C);
            }
        };
        auto const parameters = [=](index begin, index end, index first, index last) {
            for (index r = begin; r < end; r += rows_at_once) {
                index const count = std::min(rows_at_once, end - r);
                parameter_gradients<T>(first, last,
                                       {count, C, x + r * C, statistics + 2 * r, dy + r * C}, dgain,
                                       dbias);
            }
        };
        bool const has_parameters = dgain != nullptr || dbias != nullptr;
        if (thread_count(policy) == 1) {
            // A row is still in the cache when its parameters' turn comes.
            for (index r = 0; r < rows; r += rows_at_once) {
                index const end = std::min(r + rows_at_once, rows);
                input(r, end);
                if (has_parameters) { parameters(r, end, 0, C); }
            }
            return;
        }
        parallel_for(policy, rows, input, grain_of(8192, C));
        if (!has_parameters) { return; }
        auto const some_channels = [=](index begin, index end) {
            parameters(0, rows, begin * simd::width<B>, std::min(C, end * simd::width<B>));
        };
        parallel_for(policy, (C + simd::width<B> - 1) / simd::width<B>, some_channels);
    }

private:
    template <class T>
    struct Moments {
        T mean;
        T rstd;
    };

    template <class B, class T>
    static Moments<T> measure(index C, T eps, T const* x) {
        auto const first = simd::sums_over<B, 1>(
            C, [&](auto& sums, index c, auto lanes) { sums[0] += simd::load<B>(x + c, lanes); });
        T const mean = simd::sum(first[0]) / static_cast<T>(C);
        // The rounding of the first sum is large where the mean is: the second pass measures it.
        B const shift(mean);
        auto const [rest, squares] = simd::sums_over<B, 2>(C, [&](auto& sums, index c, auto lanes) {
            B const d = simd::load<B>(x + c, lanes, mean) - shift;
            sums[0] += d;
            sums[1] = simd::fma(d, d, sums[1]);
        });
        T const correction = simd::sum(rest) / static_cast<T>(C);
        T const variance =
            std::fma(-correction, correction, simd::sum(squares) / static_cast<T>(C));
        return {mean + correction, T(1) / std::sqrt(std::max(variance, T(0)) + eps)};
    }

    template <class T>
    static void input_gradient(index C, T const* x, T const* gain, T const* statistics, T const* dy,
                               Accumulator<T> dx) {
        using B = simd::Batch<T, Policy>;
        B const shift(statistics[0]);
        B const scale(statistics[1]);
        auto normal = [&](index c, auto lanes) {
            return (simd::load<B>(x + c, lanes) - shift) * scale;
        };
        auto plus_scaled = [&](B const& sum, index c, auto lanes) {
            return simd::fma(simd::load<B>(gain + c, lanes), simd::load<B>(dy + c, lanes), sum);
        };
        auto const [sum, product] = simd::sums_over<B, 2>(C, [&](auto& sums, index c, auto lanes) {
            sums[0] = plus_scaled(sums[0], c, lanes);
            sums[1] = simd::fma(plus_scaled(B(0), c, lanes), normal(c, lanes), sums[1]);
        });
        B const mean(simd::sum(sum) / static_cast<T>(C));
        B const along(simd::sum(product) / static_cast<T>(C));
        simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
            B const centred = simd::fnma(normal(c, lanes), along, plus_scaled(-mean, c, lanes));
            simd::accumulate(dx, c, scale, centred, lanes);
        });
    }

    // Rows whose contributions to the parameters are added to one load of the sums.
    static constexpr index rows_at_once = 4;

    /// Some consecutive rows.
    template <class T>
    struct Rows {
        index count, C;
        T const *x, *statistics, *dy;
    };

    /// dgain and dbias of channels [first, last) += those of a few rows, in order.
    template <class T>
    static void parameter_gradients(index first, index last, Rows<T> rows, T* dgain, T* dbias) {
        using B = simd::Batch<T, Policy>;
        simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
            B gains = dgain != nullptr ? simd::load<B>(dgain + c, lanes) : B(0);
            B biases = dbias != nullptr ? simd::load<B>(dbias + c, lanes) : B(0);
            for (index r = 0; r < rows.count; ++r) {
                B const shift(rows.statistics[2 * r]);
                B const scale(rows.statistics[2 * r + 1]);
                B const g = simd::load<B>(rows.dy + r * rows.C + c, lanes);
                B const h = (simd::load<B>(rows.x + r * rows.C + c, lanes) - shift) * scale;
                gains = simd::fma(h, g, gains);
                biases += g;
            }
            if (dgain != nullptr) { simd::store(dgain + c, gains, lanes); }
            if (dbias != nullptr) { simd::store(dbias + c, biases, lanes); }
        });
    }
};

}  // namespace spikelet::kernels
