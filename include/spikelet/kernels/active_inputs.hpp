// SPDX-License-Identifier: MIT
// The inputs of a row of events that are not silent, as lists.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>

#include <spikelet/kernels/event_rows.hpp>

namespace spikelet::kernels {

/// The largest magnitude of an event of element type S: 1 for bits, 15 for graded<4>.
template <class S>
inline constexpr int largest_magnitude = [] {
    int above = 0;
    int below = 0;
    for (int const weight : Element<S>::plane_weights) { (weight > 0 ? above : below) += weight; }
    return (std::max)(above, -below);
}();

/// Which events to list.
enum class Sign { any, positive, negative };

/// Up to 1024 inputs, counted from the first that was looked at. Policy names the instruction set:
/// see core/policy.hpp.
template <class Policy>
struct ActiveInputs {
    /// Inputs of a list at most, and as words.
    static constexpr index most = 1024;
    static constexpr index most_words = most / bits_per_word;  ///< words of `most` inputs

    /// Numbers of the listed inputs.
    std::array<std::uint16_t, static_cast<std::size_t>(most)> inputs;
    std::array<std::int8_t, static_cast<std::size_t>(most)> values;  ///< their events' values
    index count = 0;                                                 ///< how many are listed

    /// Lists the events of `words` words of each plane, and their values.
    template <class S, Sign sign>
    void list(word const* events, index words) {
        EventRow<int, S> const row{events};
        count = 0;
        for (index first = 0; first < words * bits_per_word; first += bits_per_word) {
            for (word active = row.active(first); active != 0; active &= active - 1) {
                index const at = first + std::countr_zero(active);
                int const value = Element<S>::planes == 1 ? 1 : row.number(at);
                bool const wanted = sign == Sign::any || (value < 0) == (sign == Sign::negative);
                inputs[static_cast<std::size_t>(count)] = static_cast<std::uint16_t>(at);
                values[static_cast<std::size_t>(count)] = static_cast<std::int8_t>(value);
                count += wanted && value != 0 ? 1 : 0;
            }
        }
    }

    /// Lists the bits of one plane of several, whose words are `planes` apart, that are set, or
    /// those that are not.
    void list_plane(word const* plane, index of, index planes, bool silent) {
        count = 0;
        for (index first = 0; first < of; first += bits_per_word, plane += planes) {
            index const bits = (std::min)(bits_per_word, of - first);
            word rest = (silent ? ~*plane : *plane) & (~word{0} >> (bits_per_word - bits));
            for (; rest != 0; rest &= rest - 1) {
                inputs[static_cast<std::size_t>(count++)] =
                    static_cast<std::uint16_t>(first + std::countr_zero(rest));
            }
        }
    }

    /// Input number i, and its absolute value; past the end the last input, and 0.
    [[nodiscard]] index input(index i) const {
        return inputs[static_cast<std::size_t>((std::min)(i, count - 1))];
    }
    /// Absolute value of event number i; past the end 0.
    [[nodiscard]] unsigned magnitude(index i) const {
        return i < count ? static_cast<unsigned>(std::abs(values[static_cast<std::size_t>(i)]))
                         : 0U;
    }
};

}  // namespace spikelet::kernels
