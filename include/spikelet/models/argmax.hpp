// SPDX-License-Identifier: MIT
// The most likely token. No heap, no exceptions: a chip may use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace spikelet {

namespace detail {

template <class T>
constexpr std::int32_t first_largest(std::span<T const> logits) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < logits.size(); ++i) {
        // The second condition is true of NaN alone.
        if (logits[i] > logits[best] || !(logits[best] == logits[best])) { best = i; }
    }
    return best < logits.size() && logits[best] == logits[best] ? static_cast<std::int32_t>(best)
                                                                : 0;
}

}  // namespace detail

/// The most likely token of logits [vocabulary]: the first of the largest, NaN never; 0 if there
/// are no numbers.
[[nodiscard]] constexpr std::int32_t argmax(std::span<float const> logits) {
    return detail::first_largest(logits);
}
[[nodiscard]] constexpr std::int32_t argmax(std::span<double const> logits) {
    return detail::first_largest(logits);
}

}  // namespace spikelet
