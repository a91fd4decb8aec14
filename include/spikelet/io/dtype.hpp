// SPDX-License-Identifier: MIT
// Types of numbers in files, known at run time, and conversion of their bytes to numbers of C++.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <spikelet/core/error.hpp>
#include <spikelet/io/half.hpp>

namespace spikelet {

static_assert(std::endian::native == std::endian::little,
              "spikelet: files are little-endian, and so must be the machine");

/// The element type of a stored tensor. F16 is IEEE half, BF16 is bfloat16, Bool is a byte.
enum class Dtype : std::uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, Bool };

namespace detail {

struct DtypeFacts {
    std::string_view name;
    std::size_t size;
};

inline constexpr std::array<DtypeFacts, 13> dtype_facts{{{"F64", 8},
                                                         {"F32", 4},
                                                         {"F16", 2},
                                                         {"BF16", 2},
                                                         {"I64", 8},
                                                         {"I32", 4},
                                                         {"I16", 2},
                                                         {"I8", 1},
                                                         {"U64", 8},
                                                         {"U32", 4},
                                                         {"U16", 2},
                                                         {"U8", 1},
                                                         {"BOOL", 1}}};

}  // namespace detail

/// "F32", "BOOL", … as safetensors spells it.
[[nodiscard]] constexpr std::string_view name_of(Dtype type) {
    return detail::dtype_facts[static_cast<std::size_t>(type)].name;
}

/// Bytes of one element.
[[nodiscard]] constexpr std::size_t size_of(Dtype type) {
    return detail::dtype_facts[static_cast<std::size_t>(type)].size;
}

/// The type of this name, if there is one.
[[nodiscard]] constexpr std::optional<Dtype> dtype_named(std::string_view name) {
    for (std::size_t i = 0; i < detail::dtype_facts.size(); ++i) {
        if (detail::dtype_facts[i].name == name) { return static_cast<Dtype>(i); }
    }
    return std::nullopt;
}

/// The numbers of C++ that can be stored as they are.
template <class T>
concept Number = std::same_as<T, float> || std::same_as<T, double> ||
    (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>);

/// The stored type of a number of C++.
template <Number T>
[[nodiscard]] constexpr Dtype dtype_of() {
    if constexpr (std::floating_point<T>) {
        return sizeof(T) == 8 ? Dtype::F64 : Dtype::F32;
    } else {
        constexpr std::array signed_types{Dtype::I8, Dtype::I16, Dtype::I32, Dtype::I64};
        constexpr std::array unsigned_types{Dtype::U8, Dtype::U16, Dtype::U32, Dtype::U64};
        constexpr std::size_t width = std::countr_zero(sizeof(T));
        return std::is_signed_v<T> ? signed_types[width] : unsigned_types[width];
    }
}

namespace detail {

// Where numbers come from: bytes at any address, and their name for messages.
struct Numbers {
    std::string_view where;
    std::span<std::byte const> bytes;
};

// Elements of type Stored, made plain by `value_of`, become elements of To.
template <class Stored, class To, class ValueOf>
void convert_as(Numbers from, std::span<To> to, ValueOf value_of) {
    for (std::size_t i = 0; i < to.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, from.bytes.data() + i * sizeof(Stored), sizeof(Stored));
        auto const value = value_of(stored);
        if constexpr (std::integral<To> && std::integral<decltype(value)>) {
            if (!std::in_range<To>(value)) {
                fail(from.where, std::to_string(value) + " at element " + std::to_string(i) +
                                     " does not fit " + std::string(name_of(dtype_of<To>())));
            }
        }
        to[i] = static_cast<To>(value);
    }
}

template <class Stored, class To>
void convert_plain(Numbers from, std::span<To> to) {
    if constexpr (std::same_as<Stored, To>) {
        if (!to.empty()) { std::memcpy(to.data(), from.bytes.data(), to.size_bytes()); }
    } else {
        convert_as<Stored>(from, to, [](Stored value) { return value; });
    }
}

template <class To>
void convert_float(Dtype type, Numbers from, std::span<To> to) {
    switch (type) {
    case Dtype::F64:
        return convert_plain<double>(from, to);
    case Dtype::F32:
        return convert_plain<float>(from, to);
    case Dtype::F16:
        return convert_as<std::uint16_t>(from, to, float_from_half);
    default:
        return convert_as<std::uint16_t>(from, to, float_from_bfloat16);
    }
}

template <class To>
void convert_integer(Dtype type, Numbers from, std::span<To> to) {
    switch (type) {
    case Dtype::I64:
        return convert_plain<std::int64_t>(from, to);
    case Dtype::I32:
        return convert_plain<std::int32_t>(from, to);
    case Dtype::I16:
        return convert_plain<std::int16_t>(from, to);
    case Dtype::I8:
        return convert_plain<std::int8_t>(from, to);
    case Dtype::U64:
        return convert_plain<std::uint64_t>(from, to);
    case Dtype::U32:
        return convert_plain<std::uint32_t>(from, to);
    case Dtype::U16:
        return convert_plain<std::uint16_t>(from, to);
    case Dtype::U8:
        return convert_plain<std::uint8_t>(from, to);
    default:
        return convert_as<std::uint8_t>(from, to, [](std::uint8_t b) { return b != 0 ? 1 : 0; });
    }
}

}  // namespace detail

/// Whether numbers of this type may have a fraction.
[[nodiscard]] constexpr bool is_float(Dtype type) {
    return type == Dtype::F64 || type == Dtype::F32 || type == Dtype::F16 || type == Dtype::BF16;
}

/// Numbers of `type`, at any address, as T: to a float rounded to nearest, to an integer only from
/// integers that fit. `bytes` holds exactly `to.size()` elements. Throws Error, naming `where`.
template <Number T>
void convert(Dtype type, std::span<std::byte const> bytes, std::span<T> to,
             std::string_view where = "dtype") {
    if (bytes.size() != to.size() * size_of(type)) {
        fail(where, std::to_string(bytes.size()) + " bytes are not " + std::to_string(to.size()) +
                        " numbers of type " + std::string(name_of(type)));
    }
    detail::Numbers const from{where, bytes};
    if (!is_float(type)) {
        detail::convert_integer(type, from, to);
    } else if constexpr (std::floating_point<T>) {
        detail::convert_float(type, from, to);
    } else {
        fail(where, std::string(name_of(type)) + " numbers may have a fraction, " +
                        std::string(name_of(dtype_of<T>())) + " has none");
    }
}

}  // namespace spikelet
