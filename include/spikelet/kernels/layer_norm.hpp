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
                         T const* statistics, T const* dy, T* dx, T* dgain, T* dbias) {
        auto some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                input_gradient(C, x + r * C, gain, statistics + 2 * r, dy + r * C, dx + r * C);
            }
        };
        if (dx != nullptr) { parallel_for(policy, rows, some_rows, grain_of(8192, C)); }
        if (dgain != nullptr || dbias != nullptr) {
            parameter_gradients(policy, rows, C, x, statistics, dy, dgain, dbias);
        }
    }

private:
    template <class T>
    struct Moments {
        T mean;
        T rstd;
    };

    template <class B, class T>
    static Moments<T> measure(index C, T eps, T const* x) {
        B sum(0);
        simd::for_each_batch<B>(
            0, C, [&](index c, auto lanes) { sum = sum + simd::load<B>(x + c, lanes); });
        T const mean = simd::sum(sum) / static_cast<T>(C);
        // The rounding of the first sum is large where the mean is: the second pass measures it.
        B const shift(mean);
        B rest(0);
        B squares(0);
        simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
            B const d = simd::load<B>(x + c, lanes, mean) - shift;
            rest = rest + d;
            squares = simd::fma(d, d, squares);
        });
        T const correction = simd::sum(rest) / static_cast<T>(C);
        T const variance =
            std::fma(-correction, correction, simd::sum(squares) / static_cast<T>(C));
        return {mean + correction, T(1) / std::sqrt(std::max(variance, T(0)) + eps)};
    }

    template <class T>
    static void input_gradient(index C, T const* x, T const* gain, T const* statistics, T const* dy,
                               T* dx) {
        using B = simd::Batch<T, Policy>;
        B const shift(statistics[0]);
        B const scale(statistics[1]);
        auto normal = [&](index c, auto lanes) {
            return (simd::load<B>(x + c, lanes) - shift) * scale;
        };
        auto plus_scaled = [&](B const& sum, index c, auto lanes) {
            return simd::fma(simd::load<B>(gain + c, lanes), simd::load<B>(dy + c, lanes), sum);
        };
        B sum(0);
        B product(0);
        simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
            sum = plus_scaled(sum, c, lanes);
            product = simd::fma(plus_scaled(B(0), c, lanes), normal(c, lanes), product);
        });
        B const mean(simd::sum(sum) / static_cast<T>(C));
        B const along(simd::sum(product) / static_cast<T>(C));
        simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
            B const centred = simd::fnma(normal(c, lanes), along, plus_scaled(-mean, c, lanes));
            simd::accumulate(dx, c, scale, centred, lanes);
        });
    }

    template <class T>
    static void parameter_gradients(Policy policy, index rows, index C, T const* x,
                                    T const* statistics, T const* dy, T* dgain, T* dbias) {
        using B = simd::Batch<T, Policy>;
        auto some_channels = [=](index begin, index end) {
            index const first = begin * simd::width<B>;
            index const last = std::min(C, end * simd::width<B>);
            for (index r = 0; r < rows; ++r) {
                B const shift(statistics[2 * r]);
                B const scale(statistics[2 * r + 1]);
                simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                    B const g = simd::load<B>(dy + r * C + c, lanes);
                    B const h = (simd::load<B>(x + r * C + c, lanes) - shift) * scale;
                    simd::accumulate(dgain, c, h, g, lanes);
                    simd::accumulate(dbias, c, g, lanes);
                });
            }
        };
        parallel_for(policy, (C + simd::width<B> - 1) / simd::width<B>, some_channels);
    }
};

}  // namespace spikelet::kernels
