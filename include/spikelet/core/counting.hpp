// SPDX-License-Identifier: MIT
// What products really do. A policy that counts has kernels of its own type, the same source
// compiled once more: they have the same bits, and those of all other policies do not know that
// anybody counts.
//
//   Work work;
//   Session session{model, SessionOptions{}, counting(work)};
#pragma once

#include <cstdint>

#include <spikelet/core/policy.hpp>

namespace spikelet {

/// What products of vectors with matrices did. A term is one weight's part in one result; registers
/// that are filled up add none.
struct Work {
    std::int64_t multiply_adds = 0;          ///< in floating point: terms, and scales of groups
    std::int64_t additions = 0;              ///< in floating point: terms of plain spikes
    std::int64_t integer_multiply_adds = 0;  ///< terms of codes of few bits
    std::int64_t integer_additions = 0;      ///< terms of ternary codes
    std::int64_t skipped = 0;                ///< terms left out, of silent inputs and zeros
    std::int64_t weight_bytes = 0;           ///< of weights that were read, scales included

    constexpr Work& operator+=(Work const& more) {
        multiply_adds += more.multiply_adds;
        additions += more.additions;
        integer_multiply_adds += more.integer_multiply_adds;
        integer_additions += more.integer_additions;
        skipped += more.skipped;
        weight_bytes += more.weight_bytes;
        return *this;
    }
    friend constexpr bool operator==(Work const&, Work const&) = default;
};

/// One thread, as Serial, whose products add what they do to `work`. Only products of one row are
/// counted, one token of one stream; others throw Error.
template <class Arch = default_arch>
struct Counting : Serial<Arch> {
    Work* work = nullptr;  ///< where to add
};

/// The policy that adds to `work`, which outlives it, on the processor this file is compiled for.
constexpr Counting<> counting(Work& work) { return {{}, &work}; }

/// Whether products of a policy are counted.
template <class Policy>
inline constexpr bool counts_work = requires(Policy policy) {
    policy.work->weight_bytes;
};

/// Adds to what a policy has counted; nothing, and at no cost, for one that does not count.
template <class Policy>
constexpr void count_work([[maybe_unused]] Policy policy, [[maybe_unused]] Work const& more) {
    if constexpr (counts_work<Policy>) { *policy.work += more; }
}

}  // namespace spikelet
