// SPDX-License-Identifier: MIT
// y[t] = x[t-1]. The row before the first comes from the state, or is zero.
#pragma once

#include <algorithm>

#include <spikelet/core/policy.hpp>
#include <spikelet/kernels/sizes.hpp>
#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// One step back in time.
template <class Policy>
struct Shift {
    static_assert(CpuPolicy<Policy>,
                  "shift: no kernel for this policy; the policies are Serial and OpenMp");

    /// x, y [B,T,C]; state [B,C] holds x[-1] and then x[T-1]; null: starts at zero, keeps nothing.
    template <class T>
    static void forward(Policy, Btc n, T const* x, T* y, T* state) {
        if (n.T == 0) { return; }
        for (index b = 0; b < n.B; ++b) {
            T const* const xb = x + b * n.T * n.C;
            T* const yb = y + b * n.T * n.C;
            T* const past = state == nullptr ? nullptr : state + b * n.C;
            if (past == nullptr) {
                std::fill_n(yb, n.C, T(0));
            } else {
                std::copy_n(past, n.C, yb);
            }
            std::copy_n(xb, (n.T - 1) * n.C, yb + n.C);
            if (past != nullptr) { std::copy_n(xb + (n.T - 1) * n.C, n.C, past); }
        }
    }

    /// dx[t] += dy[t+1]; dy, dx [B,T,C]. dx may be null.
    template <class T>
    static void backward(Policy policy, Btc n, T const* dy, T* dx) {
        using B = simd::Batch<T, Policy>;
        if (dx == nullptr || n.T == 0) { return; }
        for (index b = 0; b < n.B; ++b) {
            T const* const g = dy + b * n.T * n.C + n.C;
            T* const d = dx + b * n.T * n.C;
            simd::parallel_batches<B>(policy, (n.T - 1) * n.C, [=](index i, auto lanes) {
                simd::accumulate(d, i, simd::load<B>(g + i, lanes), lanes);
            });
        }
    }
};

}  // namespace spikelet::kernels
