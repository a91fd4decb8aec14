// SPDX-License-Identifier: MIT
// Token shift of graded spikes: each channel passes this step's events or those of the step before,
// as its weight m says, and nothing is mixed; s_j [B,T,C] of S, m_j [C]:
//   forward    s_j[t] = m_j >= 1/2 ? s[t] : s[t-1]          s[-1] from the state, or 0
//   backward   ds[t] += sum over j of [m_j >= 1/2] ds_j[t] + [m_j < 1/2] ds_j[t+1]
//              dm_j  += sum over t of ds_j[t] (s[t] - s[t-1])          (straight through the step)
// On packed spikes forward is two operations on words for each plane of 64 channels.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include <spikelet/kernels/heaviside.hpp>
#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet::kernels {

/// Events of now or of one step ago.
template <class Policy, SpikeKind S>
struct EventShift {
    static_assert(CpuPolicy<Policy>,
                  "event_shift: no kernel for this policy; the policies are Serial and OpenMp");

    /// One pointer for each shift.
    template <class T, std::size_t N>
    using Each = std::array<T*, N>;

    /// Numbers of T that hold a row of events.
    template <class T>
    static constexpr index state_units(index C) {
        return Element<S>::row_units(C) * static_cast<index>(sizeof(word) / sizeof(T));
    }

    /// state [B, state_units(C)] holds the words of s[-1] and then of s[T-1]; null: starts with
    /// none, keeps nothing. It may come from a file: bits behind the channels do not count.
    template <class T, std::size_t N>
    static void forward(Policy policy, Btc n, word const* s, Each<T const, N> m, Each<word, N> to,
                        T* state) {
        if (n.T == 0) { return; }
        index const row = Element<S>::row_units(n.C);
        index const units = state_units<T>(n.C);
        auto const some_rows = [=](index begin, index end) {
            for (index w = 0; w < row; w += Element<S>::planes) {
                index const channel = w / Element<S>::planes * bits_per_word;
                Choice<N> const now = passing(n.C, channel, m);
                word const used = ~word{0} >> std::max<index>(channel + bits_per_word - n.C, 0);
                for (index r = begin; r < end; ++r) {
                    index const at = r * row + w;
                    T const* const start = state == nullptr ? nullptr : state + r / n.T * units;
                    choose(now, used, s + at, r % n.T > 0 ? s + at - row : nullptr, start, w, at,
                           to);
                }
            }
        };
        parallel_for(policy, n.B * n.T, some_rows, grain_of(65536, n.C));
        for (index b = 0; state != nullptr && b < n.B; ++b) {
            std::memcpy(state + b * units, s + ((b + 1) * n.T - 1) * row,
                        static_cast<std::size_t>(row) * sizeof(word));
        }
    }

    /// s and m as forward() had them, start [B, row] the words of s[-1] then, null: no events;
    /// ds_j, ds [B,T,C]; dm_j [C]. Adds; ds and each dm may be null.
    template <class T, std::size_t N>
    static void backward(Policy policy, Btc n, word const* s, Each<T const, N> m,
                         Each<T const, N> ds_j, AddsTo<T> ds, Each<T, N> dm,
                         word const* start = nullptr) {
        using B = simd::Batch<T, Policy>;
        index const row = Element<S>::row_units(n.C);
        // A strip takes all sequences, so that the sums over them have one order.
        for_each_strip(policy, {1, n.B * n.T, n.C}, [=](index, index first, index last) {
            for (index r = 0; r < n.B * n.T; ++r) {
                bool const ends = r % n.T + 1 == n.T;
                word const* const now = s + r * row;
                word const* const carried = start == nullptr ? nullptr : start + r / n.T * row;
                word const* const before = r % n.T == 0 ? carried : now - row;
                simd::for_each_batch<B>(first, last, [&](index c, auto lanes) {
                    B const fresh = spikes_as_numbers<S, B>(now, c);
                    B const change =
                        before == nullptr ? fresh : fresh - spikes_as_numbers<S, B>(before, c);
                    B sum(0);
                    simd::unrolled<static_cast<index>(N)>([&](auto j) {
                        auto const passes =
                            simd::load<B>(m[j] + c, lanes) >= simd::constant<B>(0.5);
                        T const* const g = ds_j[j] + r * n.C + c;
                        B const given = simd::load<B>(g, lanes);
                        B const next = ends ? B(0) : simd::load<B>(g + n.C, lanes);
                        sum += simd::select(passes, given, next);
                        simd::accumulate(dm[j], c, change, given, lanes);
                    });
                    simd::accumulate(ds, r * n.C + c, sum, lanes);
                });
            }
        });
    }

private:
    /// For each shift the channels of one word that pass this step's events.
    template <std::size_t N>
    using Choice = std::array<word, N>;

    template <class T, std::size_t N>
    static Choice<N> passing(index C, index channel, Each<T const, N> m) {
        Choice<N> now{};
        index const end = (std::min)(channel + bits_per_word, C);
        for (std::size_t j = 0; j < N; ++j) {
            for (index c = channel; c < end; ++c) {
                now[j] |= word{m[j][c] >= T(0.5) ? 1U : 0U} << (c - channel);
            }
        }
        return now;
    }

    /// One group of planes of one row, which begins at word w of the row and `at` of all, and has
    /// the `used` channels. Before it stands `before`, where that is null `start`, where both are,
    /// nothing.
    template <class T, std::size_t N>
    static void choose(Choice<N> const& now, word used, word const* s, word const* before,
                       T const* start, index w, index at, Each<word, N> to) {
        for (index p = 0; p < Element<S>::planes; ++p) {
            word old = 0;
            if (before != nullptr) {
                old = before[p];
            } else if (start != nullptr) {
                std::memcpy(&old, start + (w + p) * static_cast<index>(sizeof(word) / sizeof(T)),
                            sizeof(word));
            }
            for (std::size_t j = 0; j < N; ++j) {
                to[j][at + p] = (s[p] & now[j]) | (old & ~now[j] & used);
            }
        }
    }
};

}  // namespace spikelet::kernels
