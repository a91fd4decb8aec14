// SPDX-License-Identifier: MIT
// Several mixes of every step with the one before, in one pass; x, y_j [B,T,C], m_j [C]:
//   forward    y_j[t] = x[t] m_j + x[t-1] (1 - m_j)      x[-1] from the state, or zero
//   backward   dx[t] += sum over j of dy_j[t] m_j + dy_j[t+1] (1 - m_j)
//              dm_j  += sum over t of dy_j[t] (x[t] - x[t-1])
// The bits of y_j are those of Mix on x and its Shift, which would write and read a copy of x and
// of its gradient.
#pragma once

#include <array>

#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet::kernels {

/// Mixes of now and one step ago.
template <class Policy>
struct ShiftMix {
    static_assert(CpuPolicy<Policy>,
                  "shift_mix: no kernel for this policy; the policies are Serial and OpenMp");

    /// One pointer for each mix.
    template <class T, std::size_t N>
    using Each = std::array<T*, N>;

    /// state [B,C] holds x[-1] and then x[T-1]; null: starts at zero, keeps nothing.
    template <class T, std::size_t N>
    static void forward(Policy policy, Btc n, T const* x, Each<T const, N> m, Each<T, N> y,
                        T* state) {
        if (n.T == 0) { return; }
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                T const* const now = x + r * n.C;
                T const* const start = state == nullptr ? nullptr : state + r / n.T * n.C;
                mix_row(n.C, now, r % n.T > 0 ? now - n.C : start, m, y, r * n.C);
            }
        };
        parallel_for(policy, n.B * n.T, some_rows, grain_of(16384, n.C));
        for (index b = 0; state != nullptr && b < n.B; ++b) {
            std::copy_n(x + ((b + 1) * n.T - 1) * n.C, n.C, state + b * n.C);
        }
    }

    /// x and dy_j as forward() had them, from rest; adds to dx and dm_j, each of which may be null.
    template <class T, std::size_t N>
    static void backward(Policy policy, Btc n, T const* x, Each<T const, N> m, Each<T const, N> dy,
                         T* dx, Each<T, N> dm) {
        // A strip takes all sequences, so that the sums over them have one order.
        for_each_strip(policy, {1, n.B * n.T, n.C}, [=](index, index first, index last) {
            for (index r = 0; r < n.B * n.T; ++r) {
                bool const starts = r % n.T == 0;
                bool const ends = r % n.T + 1 == n.T;
                input_gradient(n.C, r, ends, first, last, m, dy, dx);
                weight_gradients(n.C, r, starts, first, last, x, dy, dm);
            }
        });
    }

private:
    /// past may be null: zeros.
    template <class T, std::size_t N>
    static void mix_row(index C, T const* now, T const* past, Each<T const, N> m, Each<T, N> y,
                        index at) {
        using B = simd::Batch<T, Policy>;
        simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
            B const fresh = simd::load<B>(now + c, lanes);
            B const old = past == nullptr ? B(0) : simd::load<B>(past + c, lanes);
            simd::unrolled<static_cast<index>(N)>([&](auto j) {
                B const weight = simd::load<B>(m[j] + c, lanes);
                simd::store(y[j] + at + c, simd::fma(fresh, weight, old * (B(1) - weight)), lanes);
            });
        });
    }

    template <class T, std::size_t N>
    static void input_gradient(index C, index r, bool ends, index first, index last,
                               Each<T const, N> m, Each<T const, N> dy, T* dx) {
        using B = simd::Batch<T, Policy>;
        if (dx == nullptr) { return; }
        simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
            index const i = r * C + c;
            B sum = simd::load<B>(dx + i, lanes);
            simd::unrolled<static_cast<index>(N)>([&](auto j) {
                B const weight = simd::load<B>(m[j] + c, lanes);
                sum = simd::fma(weight, simd::load<B>(dy[j] + i, lanes), sum);
                if (!ends) {
                    sum = simd::fma(B(1) - weight, simd::load<B>(dy[j] + i + C, lanes), sum);
                }
            });
            simd::store(dx + i, sum, lanes);
        });
    }

    template <class T, std::size_t N>
    static void weight_gradients(index C, index r, bool starts, index first, index last, T const* x,
                                 Each<T const, N> dy, Each<T, N> dm) {
        using B = simd::Batch<T, Policy>;
        simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
            index const i = r * C + c;
            B const now = simd::load<B>(x + i, lanes);
            B const change = starts ? now : now - simd::load<B>(x + i - C, lanes);
            simd::unrolled<static_cast<index>(N)>([&](auto j) {
                simd::accumulate(dm[j], c, change, simd::load<B>(dy[j] + i, lanes), lanes);
            });
        });
    }
};

}  // namespace spikelet::kernels
