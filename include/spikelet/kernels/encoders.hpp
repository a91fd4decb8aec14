// SPDX-License-Identifier: MIT
// Spikes from data, by three codes of the field; none has a gradient.
//   rate      s[t] = u < x[t]      u uniform in [0, 1), a function of the key, the step and the
//                                  place in row and batch
//   latency   s[t] = (t == round((1 - x) (T - 1)))      x from 0 to 1; ties go to the even step
//   delta     s[t] = 1 where x[t] - x[t-1] >= threshold; with off spikes -1 where it is at most
//             -threshold; x[-1] = 0 or what was carried
#pragma once

#include <algorithm>
#include <cstdint>

#include <spikelet/core/rng.hpp>
#include <spikelet/kernels/levels.hpp>
#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/sizes.hpp>

namespace spikelet::kernels {

/// As many spikes as numbers say, at random.
template <class Policy>
struct RateCode {
    static_assert(CpuPolicy<Policy>,
                  "rate_code: no kernel for this policy; the policies are Serial and OpenMp");

    /// Random numbers repeat after so many steps, which every type of a state counts exactly.
    static constexpr std::uint64_t period = 1U << 24;

    /// x [B,T,C] -> spikes [B,T,C] bits. `done` [1] counts the steps before, and then all; null:
    /// none before.
    template <class T>
    static void forward(Policy policy, Btc n, std::uint64_t key, T const* x, word* spikes,
                        T* done) {
        // A count that no run has, as in a file from anywhere, is none.
        bool const counts = done != nullptr && *done >= 0 && *done < static_cast<T>(period);
        std::uint64_t const before = counts ? static_cast<std::uint64_t>(*done) : 0;
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                auto const step = (before + static_cast<std::uint64_t>(r % n.T)) % period;
                code_row(n.C, key, step, r / n.T, x + r * n.C,
                         spikes + r * Element<bit>::row_units(n.C));
            }
        };
        parallel_for(policy, n.B * n.T, some_rows, grain_of(2048, n.C));
        if (done != nullptr) {
            *done = static_cast<T>((before + static_cast<std::uint64_t>(n.T)) % period);
        }
    }

private:
    template <class T>
    static void code_row(index C, std::uint64_t key, std::uint64_t step, index b, T const* x,
                         word* spikes) {
        std::fill_n(spikes, Element<bit>::row_units(C), word{0});
        index const fours = (C + 3) / 4;
        for (index four = 0; four < fours; ++four) {
            auto const random = Philox::at(key, static_cast<std::uint64_t>(b * fours + four), step);
            for (index c = 4 * four; c < (std::min)(C, 4 * four + 4); ++c) {
                double const u = random[static_cast<std::size_t>(c % 4)] * 0x1p-32;
                word const fires = u < static_cast<double>(x[c]) ? 1 : 0;
                spikes[c / bits_per_word] |= fires << (c % bits_per_word);
            }
        }
    }
};

/// One spike each, the sooner the larger a number is.
template <class Policy>
struct LatencyCode {
    static_assert(CpuPolicy<Policy>,
                  "latency_code: no kernel for this policy; the policies are Serial and OpenMp");

    /// Steps that every type of number counts exactly.
    static constexpr index most_steps = index{1} << 24;

    /// x [B,C] -> spikes [B,T,C] bits, T at most most_steps. Below 0 counts as 0, above 1 as 1; NaN
    /// never fires.
    template <class T>
    static void forward(Policy policy, Btc n, T const* x, word* spikes) {
        using B = simd::Batch<T, Policy>;
        index const words = Element<bit>::row_units(n.C);
        B const last = simd::constant<B>(static_cast<double>(n.T - 1));
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                B const now = simd::constant<B>(static_cast<double>(r % n.T));
                std::fill_n(spikes + r * words, words, word{0});
                simd::for_each_batch<B>(0, n.C, [&](index c, auto lanes) {
                    B const number = simd::load<B>(x + r / n.T * n.C + c, lanes);
                    B const late = B(1) - (simd::min)(B(1), (simd::max)(B(0), number));
                    B const when =
                        simd::select(number == number, simd::nearest(late * last), B(-1));
                    spikes[r * words + c / bits_per_word] |=
                        simd::in_use(simd::to_bits(when == now), lanes) << (c % bits_per_word);
                });
            }
        };
        parallel_for(policy, n.B * n.T, some_rows, grain_of(16384, n.C));
    }
};

/// Spikes where numbers change: S is bit, for what rises, or trit.
template <class Policy, SpikeKind S>
struct DeltaCode {
    static_assert(CpuPolicy<Policy>,
                  "delta_code: no kernel for this policy; the policies are Serial and OpenMp");

    /// x [B,T,C] -> spikes [B,T,C] of S. state [B,C] holds x[-1] and then x[T-1]; null: 0, keeps
    /// nothing.
    template <class T>
    static void forward(Policy policy, Btc n, double threshold, T const* x, word* spikes,
                        T* state) {
        if (n.T == 0) { return; }
        auto const some_rows = [=](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                T const* const start = state == nullptr ? nullptr : state + r / n.T * n.C;
                T const* const before = r % n.T > 0 ? x + (r - 1) * n.C : start;
                code_row(n.C, threshold, x + r * n.C, before,
                         spikes + r * Element<S>::row_units(n.C));
            }
        };
        parallel_for(policy, n.B * n.T, some_rows, grain_of(16384, n.C));
        for (index b = 0; state != nullptr && b < n.B; ++b) {
            std::copy_n(x + ((b + 1) * n.T - 1) * n.C, n.C, state + b * n.C);
        }
    }

private:
    /// `before` may be null: zeros.
    template <class T>
    static void code_row(index C, double threshold, T const* x, T const* before, word* spikes) {
        using B = simd::Batch<T, Policy>;
        B const up = simd::constant<B>(threshold);
        std::fill_n(spikes, Element<S>::row_units(C), word{0});
        simd::for_each_batch<B>(0, C, [&](index c, auto lanes) {
            B const old = before == nullptr ? B(0) : simd::load<B>(before + c, lanes);
            B const change = simd::load<B>(x + c, lanes) - old;
            store_levels<S>(sign_from<S>(change, up),
                            spikes + c / bits_per_word * Element<S>::planes, c % bits_per_word,
                            lanes);
        });
    }
};

}  // namespace spikelet::kernels
