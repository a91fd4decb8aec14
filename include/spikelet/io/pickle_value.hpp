// SPDX-License-Identifier: MIT
// What comes out of a Python pickle, as far as it is data.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace spikelet {

/// A value of a pickle. Others are meant by their place in Pickle::values, so that one value may be
/// in several places, and even within itself.
struct PickleValue {
    /// What a value is, which says what its other members mean.
    enum class Kind : std::uint8_t {
        none,
        truth,
        whole,
        real,
        text,
        name,   ///< whole: its place among the known names
        tuple,  ///< items
        list,   ///< items
        dict,   ///< items: key, value, key, value, …
        call,   ///< items: a name and a tuple of arguments
        outer   ///< items: what the pickle says of something that is kept outside of it
    };

    Kind kind = Kind::none;   ///< what it is
    std::uint32_t state = 0;  ///< of a dict or a call: the value of its attributes; 0: none
    std::int64_t whole = 0;   ///< of a whole number, and of a truth value 0 or 1
    double real = 0.0;        ///< of a floating-point number
    std::string_view text{};  ///< borrowed; of a whole number beyond 64 bits its bytes
    std::vector<std::uint32_t> items{};  ///< places in Pickle::values
};

/// A pickle that was read. values[0] is None, and means "nothing" where a place is optional.
struct Pickle {
    std::vector<PickleValue> values;  ///< all values, each at its place
    std::uint32_t root = 0;           ///< place of the outermost value

    /// The value at a place that another one names.
    [[nodiscard]] PickleValue const& at(std::uint32_t place) const { return values[place]; }
};

}  // namespace spikelet
