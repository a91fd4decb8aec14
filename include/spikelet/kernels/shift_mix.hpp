// SPDX-License-Identifier: MIT
// Several mixes of every step with the one before, in one pass; x, y_j [B,T,C], m_j [C]:
//   forward    y_j[t] = x[t] m_j + x[t-1] (1 - m_j)      x[-1] from the state, or zero
//   backward   dx[t] += sum over j of dy_j[t] m_j + dy_j[t+1] (1 - m_j)
//              dm_j  += sum over t of dy_j[t] (x[t] - x[t-1])
// The bits of y_j are those of Mix on x and its Shift, which would write and read a copy of x and
// of its gradient.
//
// Bound by memory: 4 (1 + N) bytes an element forward, 4 (2 + N) backward for N mixes. Backward
// takes two rows of each array and asks for the next two.
#pragma once

#include <algorithm>
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

    /// x and dy_j as forward() had them, start [B,C] the state then, null: zero; adds to dx and
    /// dm_j, each of which may be null.
    template <class T, std::size_t N>
    static void backward(Policy policy, Btc n, T const* x, Each<T const, N> m, Each<T const, N> dy,
                         AddsTo<T> dx, Each<T, N> dm, T const* start = nullptr) {
        Back<T, N> back{n, x, start, m, dy, dx, dm};
        for (std::size_t j = 1; j < N; ++j) {
            back.again[j] = std::find(dm.begin(), dm.begin() + j, dm[j]) != dm.begin() + j;
        }
        // A strip takes all sequences, so that the sums over them have one order.
        for_each_strip(policy, {1, n.B * n.T, n.C}, [&](index, index first, index last) {
            using B = simd::Batch<T, Policy>;
            for (index b = 0; b < n.B; ++b) {
                for (index t = 0; t < n.T; t += rows_at_once) {
                    index const count = (std::min)(rows_at_once, n.T - t);
                    Rows const rows{b * n.T + t, count, t == 0, t + count == n.T};
                    simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                        some_rows_back<B>(back, rows, c, lanes);
                    });
                }
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

    // Rows whose contributions to the weights are added to one load of the sums.
    static constexpr index rows_at_once = 2;

    template <class T, std::size_t N>
    struct Back {
        Btc n;
        T const *x, *start;
        Each<T const, N> m, dy;
        Accumulator<T> dx;
        Each<T, N> dm;
        std::array<bool, N> again{};  ///< the weight of a branch is that of one before, too
    };

    /// Consecutive rows of one sequence, maybe its first or its last.
    struct Rows {
        index begin, count;
        bool first, last;
    };

    /// Asks for the next rows, be it behind the end: rows of five arrays are more streams than
    /// processors follow.
    template <class T, std::size_t N>
    [[gnu::always_inline]] static void ask_for(Back<T, N> const& in, index i) {
        index const bytes = i * static_cast<index>(sizeof(T));
        simd::prefetch_for_reading(in.x, bytes);
        for (T const* const dy : in.dy) { simd::prefetch_for_reading(dy + in.n.C, bytes); }
        if (in.dx.data != nullptr) { simd::prefetch(in.dx.data, bytes); }
    }

    /// The row before some rows, the first of which begins at i - c.
    template <class B, class T, std::size_t N>
    [[gnu::always_inline]] static B row_before(Back<T, N> const& in, Rows rows, index i, index c,
                                               auto lanes) {
        if (!rows.first) { return simd::load<B>(in.x + i - in.n.C, lanes); }
        if (in.start == nullptr) { return B(0); }
        return simd::load<B>(in.start + rows.begin / in.n.T * in.n.C + c, lanes);
    }

    /// What some rows add to the gradients of the channels at c.
    template <class B, class T, std::size_t N>
    [[gnu::always_inline]] static void some_rows_back(Back<T, N> const& in, Rows rows, index c,
                                                      auto lanes) {
        index const C = in.n.C;
        index i = rows.begin * C + c;
        std::array<B, N> weight, sum, next;
        simd::unrolled<static_cast<index>(N)>([&](auto j) {
            weight[j] = simd::load<B>(in.m[j] + c, lanes);
            bool const begins = in.dm[j] != nullptr && !in.again[j];
            sum[j] = begins ? simd::load<B>(in.dm[j] + c, lanes) : B(0);
            next[j] = simd::load<B>(in.dy[j] + i, lanes);
        });
        B before = row_before<B>(in, rows, i, c, lanes);
        for (index left = rows.count - 1; left >= 0; --left, i += C) {
            bool const ends = left == 0 && rows.last;
            B const now = simd::load<B>(in.x + i, lanes);
            B const change = now - before;
            ask_for(in, i + rows_at_once * C);
            B dx = in.dx.data == nullptr ? B(0) : simd::found<B>(in.dx, i, lanes);
            simd::unrolled<static_cast<index>(N)>([&](auto j) {
                sum[j] = simd::fma(change, next[j], sum[j]);
                dx = simd::fma(weight[j], next[j], dx);
                if (ends) { return; }
                next[j] = simd::load<B>(in.dy[j] + i + C, lanes);
                dx = simd::fma(B(1) - weight[j], next[j], dx);
            });
            if (in.dx.data != nullptr) { simd::store(in.dx.data + i, dx, lanes); }
            before = now;
        }
        simd::unrolled<static_cast<index>(N)>([&](auto j) {
            if (in.dm[j] == nullptr) { return; }
            B const all = in.again[j] ? simd::load<B>(in.dm[j] + c, lanes) + sum[j] : sum[j];
            simd::store(in.dm[j] + c, all, lanes);
        });
    }
};

}  // namespace spikelet::kernels
