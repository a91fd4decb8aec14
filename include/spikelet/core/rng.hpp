// SPDX-License-Identifier: MIT
// Random numbers by counting: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). The n-th number is a function of (key, n), so any thread can make any part.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include <spikelet/core/extents.hpp>

namespace spikelet {

/// Four random words for a 64-bit key and a 128-bit counter.
struct Philox {
    /// What a counter gives.
    using Words = std::array<std::uint32_t, 4>;

    /// The words of the counter high * 2^64 + low.
    static constexpr Words at(std::uint64_t key, std::uint64_t low, std::uint64_t high = 0) {
        Words x{static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32),
                static_cast<std::uint32_t>(high), static_cast<std::uint32_t>(high >> 32)};
        auto k0 = static_cast<std::uint32_t>(key);
        auto k1 = static_cast<std::uint32_t>(key >> 32);
        for (int round = 0; round < 10; ++round) {
            std::uint64_t const a = std::uint64_t{0xD2511F53} * x[0];
            std::uint64_t const b = std::uint64_t{0xCD9E8D57} * x[2];
            x = {static_cast<std::uint32_t>(b >> 32) ^ x[1] ^ k0, static_cast<std::uint32_t>(b),
                 static_cast<std::uint32_t>(a >> 32) ^ x[3] ^ k1, static_cast<std::uint32_t>(a)};
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        return x;
    }
};

/// A stream of random numbers: a value that can be copied, saved and restored.
class Rng {
public:
    /// Everything there is to know about a stream.
    struct State {
        std::uint64_t key = 0;       ///< from the seed, and from split()
        std::uint64_t position = 0;  ///< how many numbers of 64 bits were taken
        friend constexpr bool operator==(State const&, State const&) = default;
    };

    /// A stream of its own for each seed.
    constexpr explicit Rng(std::uint64_t seed) : state_{seed, 0} {}
    constexpr explicit Rng(State state) : state_(state) {}

    /// To be saved; Rng(state) goes on from there.
    [[nodiscard]] constexpr State state() const { return state_; }

    /// A stream of its own for a purpose, independent of how far this one has come.
    [[nodiscard]] constexpr Rng split(std::uint64_t purpose) const {
        auto const w = Philox::at(state_.key, purpose, ~std::uint64_t{0});
        return Rng((static_cast<std::uint64_t>(w[0]) << 32) | w[1]);
    }

    /// 64 random bits.
    constexpr std::uint64_t bits() {
        auto const w = Philox::at(state_.key, state_.position++);
        return (static_cast<std::uint64_t>(w[0]) << 32) | w[1];
    }

    /// Uniform in [0, 1), 53 bits.
    constexpr double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

    /// Standard normal (Box-Muller).
    double normal() {
        double const radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
        return radius * std::cos(2.0 * std::numbers::pi * uniform());
    }

    /// Uniform integer in [0, n) for n of at least 1, without modulo bias.
    constexpr index below(index n) {
        SPIKELET_ASSERT(n > 0, "rng: below() needs a number above 0");
        auto const range = static_cast<std::uint64_t>(n);
        std::uint64_t const limit = ~std::uint64_t{0} - ~std::uint64_t{0} % range;
        std::uint64_t b = bits();
        while (b >= limit) { b = bits(); }
        return static_cast<index>(b % range);
    }

private:
    State state_;
};

}  // namespace spikelet
