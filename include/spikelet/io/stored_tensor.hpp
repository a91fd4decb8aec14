// SPDX-License-Identifier: MIT
// A tensor as files know it: a name, a type, a shape, and bytes that lie somewhere else.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/metadata.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/dtype.hpp>

namespace spikelet {

/// A tensor in a file, or on its way into one. The bytes are borrowed and need no alignment.
struct StoredTensor {
    std::string name;                  ///< in the file
    Dtype dtype = Dtype::F32;          ///< type of its elements
    std::vector<index> shape;          ///< its extents
    std::span<std::byte const> bytes;  ///< row-major, little-endian

    /// Number of elements.
    [[nodiscard]] index size() const { return static_cast<index>(bytes.size() / size_of(dtype)); }
};

/// How many bytes a tensor takes; nothing if no number of C++ can say it.
[[nodiscard]] constexpr std::optional<index> byte_count(Dtype dtype, std::span<index const> shape) {
    auto bytes = static_cast<index>(size_of(dtype));
    for (index const extent : shape) {
        if (extent < 0 || __builtin_mul_overflow(bytes, extent, &bytes)) { return std::nullopt; }
    }
    return bytes;
}

/// "[2, 3]", for messages.
[[nodiscard]] inline std::string describe(std::span<index const> shape) {
    std::string text = "[";
    for (std::size_t r = 0; r < shape.size(); ++r) {
        text += (r == 0 ? "" : ", ") + std::to_string(shape[r]);
    }
    return text + "]";
}

/// "F32 [2, 3]", for messages.
[[nodiscard]] inline std::string describe(Dtype dtype, std::span<index const> shape) {
    return std::string(name_of(dtype)) + " " + describe(shape);
}

/// Names values that are in memory, so that they can be written. They are borrowed.
/// Throws Error if there are more or fewer than the shape says.
template <Number T>
[[nodiscard]] StoredTensor stored_tensor(std::string name, std::vector<index> shape,
                                         std::span<T const> values) {
    std::span<std::byte const> const bytes = std::as_bytes(values);
    if (byte_count(dtype_of<T>(), shape) != std::ssize(bytes)) {
        fail("stored_tensor", quote(name) + " is " + describe(dtype_of<T>(), shape) + ", but has " +
                                  std::to_string(values.size()) + " values");
    }
    return {
        .name = std::move(name), .dtype = dtype_of<T>(), .shape = std::move(shape), .bytes = bytes};
}

}  // namespace spikelet
