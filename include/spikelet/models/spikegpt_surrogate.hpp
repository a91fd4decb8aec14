// SPDX-License-Identifier: MIT
// A model's surrogate as a value of its configuration: a name and a slope. The type itself is a
// parameter of the model.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

#include <spikelet/ops/lif.hpp>

namespace spikelet {

/// A surrogate that is known to files.
struct NamedSurrogate {
    std::string_view name;  ///< "atan", say
};

/// The names of this library's surrogates in files, in the order of docs/numerics.md.
inline constexpr std::array<NamedSurrogate, 9> named_surrogates{{{"atan"},
                                                                 {"sigmoid"},
                                                                 {"triangle"},
                                                                 {"softsign"},
                                                                 {"superspike"},
                                                                 {"erf"},
                                                                 {"leaky"},
                                                                 {"boxcar"},
                                                                 {"ste"}}};

/// What files call a surrogate that is none of this library's.
inline constexpr std::string_view custom_surrogate = "custom";

/// The name of a surrogate's type in files: one of `named_surrogates`, or "custom".
template <class Surrogate>
constexpr std::string_view surrogate_name() {
    constexpr std::array same{
        std::is_same_v<Surrogate, Arctan>,         std::is_same_v<Surrogate, SigmoidSurrogate>,
        std::is_same_v<Surrogate, Triangle>,       std::is_same_v<Surrogate, SoftSign>,
        std::is_same_v<Surrogate, FastSigmoid>,    std::is_same_v<Surrogate, Gaussian>,
        std::is_same_v<Surrogate, LeakyPiecewise>, std::is_same_v<Surrogate, Boxcar>,
        std::is_same_v<Surrogate, StraightThrough>};
    for (std::size_t i = 0; i < same.size(); ++i) {
        if (same[i]) { return named_surrogates[i].name; }
    }
    return custom_surrogate;
}

/// A surrogate whose steepness is a number.
template <class Surrogate>
concept Sloped = requires(Surrogate& surrogate) {
    surrogate.slope = 1.0;
};

/// A surrogate of that slope, if it has one; where none is given, of its type's own.
template <class Surrogate>
constexpr Surrogate surrogate_of_slope(std::optional<double> slope) {
    Surrogate surrogate{};
    if constexpr (Sloped<Surrogate>) { surrogate.slope = slope.value_or(surrogate.slope); }
    return surrogate;
}

}  // namespace spikelet
