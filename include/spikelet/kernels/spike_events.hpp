// SPDX-License-Identifier: MIT
// Spikes with values as lists of events: an active input, its value, whether it is the last of its
// group of four (spike_groups.hpp). A value is listed as its code, the bits of its planes.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/simd.hpp>
#include <spikelet/kernels/spike_groups.hpp>

namespace spikelet::kernels {

/// An active input: 32 * its place + 2 * the code of its value + whether it is a group's last.
using Event = std::uint16_t;

/// Lists and reads events of kind S. Policy names the instruction set: see core/policy.hpp.
template <class S, class Policy>
class SpikeEvents {
    static constexpr index planes = Element<S>::planes;
    static_assert(planes <= 4);

public:
    /// The inputs of a word, of all planes, that are active.
    static constexpr word active(word const* spikes) {
        word any = 0;
        for (index p = 0; p < planes; ++p) { any |= spikes[p]; }
        return any;
    }

    /// Lists the active inputs of `words` words, each of all planes, at most 32 words; returns
    /// the list's end.
    static constexpr Event* list(word const* spikes, index words, Event* events) {
        for (index w = 0; w < words; ++w, spikes += planes) {
            word const some = active(spikes);
            for (word rest = some; rest != 0; rest &= rest - 1) {
                int const i = std::countr_zero(rest);
                unsigned event = static_cast<unsigned>(w * bits_per_word + i) * 32;
                for (index p = 0; p < planes; ++p) {
                    event += static_cast<unsigned>(spikes[p] >> i & 1) << (p + 1);
                }
                bool const last = (some >> i & (0xFU >> (i % group_size))) == 1;
                *events++ = static_cast<Event>(event + (last ? 1 : 0));
            }
        }
        return events;
    }

    /// Which input of the list an event is.
    static constexpr index place(Event event) { return event / 32; }
    /// Whether it is the last of its group.
    static constexpr bool last(Event event) { return event % 2 != 0; }
    /// Its value.
    template <class T>
    static constexpr T value(Event event) {
        return values<T>[event / 2 % 16];
    }

    /// Adds the group that begins at `event` to sums, and returns the next one. row(i, b) is batch
    /// b of the right row of input i.
    template <class Batch, std::size_t N, class Row>
    static Event const* add_group(Event const* event, Row&& row, std::array<Batch, N>& sums) {
        using T = typename Batch::value_type;
        constexpr auto batches = static_cast<index>(N);
        index i = place(*event);
        Batch factor(value<T>(*event));
        // A product alone is a fused one too: compilers would fuse it with the sum it feeds.
        auto const product = [&](auto b) { return simd::fma(factor, row(i, b), Batch(-T(0))); };
        if (last(*event)) {
            simd::unrolled<batches>([&](auto b) { sums[b] += product(b); });
            return event + 1;
        }
        std::array<Batch, N> group;
        simd::unrolled<batches>([&](auto b) { group[b] = product(b); });
        do {
            i = place(*++event);
            factor = Batch(value<T>(*event));
            simd::unrolled<batches>(
                [&](auto b) { group[b] = simd::fma(factor, row(i, b), group[b]); });
        } while (!last(*event));
        simd::unrolled<batches>([&](auto b) { sums[b] += group[b]; });
        return event + 1;
    }

private:
    /// What each code is worth.
    template <class T>
    static constexpr auto values = [] {
        std::array<T, 16> worths{};
        for (unsigned code = 0; code < worths.size(); ++code) {
            worths[code] = static_cast<T>(worth<S>(code));
        }
        return worths;
    }();
};

}  // namespace spikelet::kernels
