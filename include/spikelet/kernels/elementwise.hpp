// SPDX-License-Identifier: MIT
// Kernels in which every element stands alone, on arrays of n numbers. Backward kernels add,
// dx += ..., in the order of their parameters, and leave out a gradient that is null.
#pragma once

#include <cmath>

#include <spikelet/core/rng.hpp>
#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// y = a + b.
template <class Policy>
struct Add {
    static_assert(CpuPolicy<Policy>,
                  "add: no kernel for this policy; the policies are Serial and OpenMp");

    /// a, b [n] -> y [n].
    template <class T>
    static void forward(Policy policy, index n, T const* a, T const* b, T* y) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            simd::store(y + i, simd::load<B>(a + i, lanes) + simd::load<B>(b + i, lanes), lanes);
        });
    }

    /// da += dy; call it once for each operand.
    template <class T>
    static void backward(Policy policy, index n, T const* dy, AddsTo<T> da) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            simd::accumulate(da, i, simd::load<B>(dy + i, lanes), lanes);
        });
    }
};

/// y = a - b;  da += dy,  db -= dy.
template <class Policy>
struct Subtract {
    static_assert(CpuPolicy<Policy>,
                  "subtract: no kernel for this policy; the policies are Serial and OpenMp");

    /// a, b [n] -> y [n].
    template <class T>
    static void forward(Policy policy, index n, T const* a, T const* b, T* y) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            simd::store(y + i, simd::load<B>(a + i, lanes) - simd::load<B>(b + i, lanes), lanes);
        });
    }

    /// dy [n] -> da [n] += dy, db [n] -= dy.
    template <class T>
    static void backward(Policy policy, index n, T const* dy, AddsTo<T> da, AddsTo<T> db) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const g = simd::load<B>(dy + i, lanes);
            simd::accumulate(da, i, g, lanes);
            simd::accumulate(db, i, -g, lanes);
        });
    }
};

/// y = factor x;  dx += factor dy.
template <class Policy>
struct Scale {
    static_assert(CpuPolicy<Policy>,
                  "scale: no kernel for this policy; the policies are Serial and OpenMp");

    /// x [n] -> y [n].
    template <class T>
    static void forward(Policy policy, index n, T factor, T const* x, T* y) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            simd::store(y + i, B(factor) * simd::load<B>(x + i, lanes), lanes);
        });
    }

    /// dy [n] -> dx [n] += factor dy.
    template <class T>
    static void backward(Policy policy, index n, T factor, T const* dy, AddsTo<T> dx) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            simd::accumulate(dx, i, B(factor), simd::load<B>(dy + i, lanes), lanes);
        });
    }
};

/// y = a * b;  da += b dy,  db += a dy.
template <class Policy>
struct Multiply {
    static_assert(CpuPolicy<Policy>,
                  "multiply: no kernel for this policy; the policies are Serial and OpenMp");

    /// a, b [n] -> y [n].
    template <class T>
    static void forward(Policy policy, index n, T const* a, T const* b, T* y) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            simd::store(y + i, simd::load<B>(a + i, lanes) * simd::load<B>(b + i, lanes), lanes);
        });
    }

    /// a, b, dy [n] -> da [n] += b dy, db [n] += a dy.
    template <class T>
    static void backward(Policy policy, index n, T const* a, T const* b, T const* dy, AddsTo<T> da,
                         AddsTo<T> db) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const g = simd::load<B>(dy + i, lanes);
            simd::accumulate(da, i, simd::load<B>(b + i, lanes), g, lanes);
            simd::accumulate(db, i, simd::load<B>(a + i, lanes), g, lanes);
        });
    }
};

/// y = 1 / (1 + e^-x);  dx += y (1 - y) dy.
template <class Policy>
struct Sigmoid {
    static_assert(CpuPolicy<Policy>,
                  "sigmoid: no kernel for this policy; the policies are Serial and OpenMp");

    /// x [n] -> y [n].
    template <class T>
    static void forward(Policy policy, index n, T const* x, T* y) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            simd::store(y + i, simd::sigmoid(simd::load<B>(x + i, lanes)), lanes);
        });
    }

    /// y as forward() left it, dy [n] -> dx [n] += dy y (1 - y).
    template <class T>
    static void backward(Policy policy, index n, T const* y, T const* dy, AddsTo<T> dx) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const s = simd::load<B>(y + i, lanes);
            B const slope = simd::fnma(s, s, s);
            simd::accumulate(dx, i, slope, simd::load<B>(dy + i, lanes), lanes);
        });
    }
};

/// y = max(x, 0);  dx += dy where y > 0. NaN stays NaN, there and back.
template <class Policy>
struct Relu {
    static_assert(CpuPolicy<Policy>,
                  "relu: no kernel for this policy; the policies are Serial and OpenMp");

    /// x [n] -> y [n].
    template <class T>
    static void forward(Policy policy, index n, T const* x, T* y) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            simd::store(y + i, simd::positive_part(simd::load<B>(x + i, lanes)), lanes);
        });
    }

    /// y as forward() left it, dy [n] -> dx [n] += dy where y > 0.
    template <class T>
    static void backward(Policy policy, index n, T const* y, T const* dy, AddsTo<T> dx) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const g = simd::load<B>(dy + i, lanes);
            B const kept = simd::load<B>(y + i, lanes);  // where it is not above 0, 0 or NaN
            simd::accumulate(dx, i, simd::select(kept > B(0), g, kept), lanes);
        });
    }
};

/// y = max(x, 0)^2;  dx += 2 max(x, 0) dy. NaN stays NaN, there and back.
template <class Policy>
struct Relu2 {
    static_assert(CpuPolicy<Policy>,
                  "relu2: no kernel for this policy; the policies are Serial and OpenMp");

    /// x [n] -> y [n].
    template <class T>
    static void forward(Policy policy, index n, T const* x, T* y) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const positive = simd::positive_part(simd::load<B>(x + i, lanes));
            simd::store(y + i, positive * positive, lanes);
        });
    }

    /// x, dy [n] -> dx [n] += 2 max(x, 0) dy.
    template <class T>
    static void backward(Policy policy, index n, T const* x, T const* dy, AddsTo<T> dx) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const positive = simd::positive_part(simd::load<B>(x + i, lanes));
            B const g = simd::load<B>(dy + i, lanes);
            simd::accumulate(dx, i, positive + positive, g, lanes);
        });
    }
};

/// y = sigmoid(r) x;  dx += s dy,  dr += s (1 - s) x dy  with  s = sigmoid(r).
template <class Policy>
struct Gate {
    static_assert(CpuPolicy<Policy>,
                  "gate: no kernel for this policy; the policies are Serial and OpenMp");

    /// r, x [n] -> y [n].
    template <class T>
    static void forward(Policy policy, index n, T const* r, T const* x, T* y) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const s = simd::sigmoid(simd::load<B>(r + i, lanes));
            simd::store(y + i, s * simd::load<B>(x + i, lanes), lanes);
        });
    }

    /// r, x, dy [n] -> dr [n] +=, dx [n] +=.
    template <class T>
    static void backward(Policy policy, index n, T const* r, T const* x, T const* dy, AddsTo<T> dr,
                         AddsTo<T> dx) {
        using B = simd::Batch<T, Policy>;
        simd::parallel_batches<B>(policy, n, [=](index i, auto lanes) {
            B const s = simd::sigmoid(simd::load<B>(r + i, lanes));
            B const g = simd::load<B>(dy + i, lanes);
            B const slope = simd::fnma(s, s, s);
            B const xg = simd::load<B>(x + i, lanes) * g;
            simd::accumulate(dr, i, slope, xg, lanes);
            simd::accumulate(dx, i, s, g, lanes);
        });
    }
};

/// Dropout: y = x / (1 - p) where a random number is at least p, else 0; the same mask on the way
/// back. The mask is a function of (key, element), so it is drawn again instead of being kept.
template <class Policy>
struct Dropout {
    static_assert(CpuPolicy<Policy>,
                  "dropout: no kernel for this policy; the policies are Serial and OpenMp");

    /// y = mask x, with p in [0, 1).
    template <class T>
    static void forward(Policy policy, index n, double p, std::uint64_t key, T const* x, T* y) {
        masked<T>(policy, n, p, key, [=](index i, T factor) { y[i] = factor * x[i]; });
    }

    /// dx += mask dy, with the p and key of forward.
    template <class T>
    static void backward(Policy policy, index n, double p, std::uint64_t key, T const* dy, T* dx) {
        if (dx == nullptr) { return; }
        masked<T>(policy, n, p, key, [=](index i, T factor) {
            if (factor != T(0)) { dx[i] = std::fma(factor, dy[i], dx[i]); }
        });
    }

private:
    template <class T, class F>
    static void masked(Policy policy, index n, double p, std::uint64_t key, F f) {
        auto const threshold = static_cast<std::uint32_t>(p * 0x1p32);
        T const kept = static_cast<T>(1.0 / (1.0 - p));
        auto fours = [=](index begin, index end) {
            for (index four = begin; four < end; ++four) {
                auto const words = Philox::at(key, static_cast<std::uint64_t>(four));
                for (index i = 4 * four; i < (std::min)(n, 4 * four + 4); ++i) {
                    f(i, words[static_cast<std::size_t>(i % 4)] < threshold ? T(0) : kept);
                }
            }
        };
        parallel_for(policy, (n + 3) / 4, fours, 1024);
    }
};

}  // namespace spikelet::kernels
