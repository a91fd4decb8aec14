// SPDX-License-Identifier: MIT
// Files with tensors by name, of whatever format: what loading a model asks of them, and how their
// numbers are read.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/dtype.hpp>
#include <spikelet/io/stored_tensor.hpp>

namespace spikelet {

/// A file with tensors by name, SafetensorsFile for one.
template <class File>
concept TensorFile = requires(File const& file, std::string_view name) {
    { file.path() } -> std::convertible_to<std::string>;
    { file.tensors() } -> std::convertible_to<std::span<StoredTensor const>>;
    { file.find(name) } -> std::same_as<StoredTensor const*>;
};

namespace detail {

/// Sorts a file's tensors by name. Throws Error if two have the same.
inline void sort_by_name(std::string_view where, std::vector<StoredTensor>& tensors) {
    std::ranges::sort(tensors, {}, &StoredTensor::name);
    auto const twin = std::ranges::adjacent_find(tensors, {}, &StoredTensor::name);
    if (twin != tensors.end()) { fail(where, "tensor " + quote(twin->name) + " is there twice"); }
}

}  // namespace detail

/// What a `File` with a path() and tensors() sorted by name can tell of them.
template <class File>
class NamedTensors {
public:
    /// Their names, sorted.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (StoredTensor const& tensor : self().tensors()) { names.push_back(tensor.name); }
        return names;
    }

    /// The tensor of this name, or null.
    [[nodiscard]] StoredTensor const* find(std::string_view name) const {
        std::span<StoredTensor const> const tensors = self().tensors();
        auto const found = std::ranges::lower_bound(tensors, name, {}, &StoredTensor::name);
        return found != tensors.end() && found->name == name ? &*found : nullptr;
    }

    /// The tensor of this name. Throws Error if there is none.
    [[nodiscard]] StoredTensor const& tensor(std::string_view name) const {
        StoredTensor const* const found = find(name);
        if (found == nullptr) {
            fail(where(), "there is no tensor " + quote(name) + " among the " +
                              std::to_string(self().tensors().size()) + " of the file");
        }
        return *found;
    }

    /// Copies a tensor into `to`, converted as `convert` does. Throws Error if the number of
    /// elements is not that of `to`, or one does not fit T.
    template <Number T>
    void read(std::string_view name, std::span<T> to) const {
        StoredTensor const& from = tensor(name);
        check_size(from, std::ssize(to));
        convert(from.dtype, from.bytes, to, where() + ": tensor " + quote(name));
    }

    /// The same for numbers whose bits matter. Throws Error also if the file has another type.
    template <Number T>
    void read_bits(std::string_view name, std::span<T> to) const {
        check_bits<T>(name, std::ssize(to));
        read(name, to);
    }

    /// Throws Error unless read_bits() can read so many T.
    template <Number T>
    void check_bits(std::string_view name, index size) const {
        StoredTensor const& from = tensor(name);
        if (from.dtype != dtype_of<T>()) {
            fail(where(), "tensor " + quote(name) + " is " + describe(from.dtype, from.shape) +
                              ", expected " + std::string(name_of(dtype_of<T>())));
        }
        check_size(from, size);
    }

    /// A tensor as numbers of type T, row-major.
    template <Number T>
    [[nodiscard]] std::vector<T> read(std::string_view name) const {
        std::vector<T> values(static_cast<std::size_t>(tensor(name).size()));
        read(name, std::span<T>(values));
        return values;
    }

    /// The same for numbers whose bits matter. Throws Error if the file has another type.
    template <Number T>
    [[nodiscard]] std::vector<T> read_bits(std::string_view name) const {
        std::vector<T> values(static_cast<std::size_t>(tensor(name).size()));
        read_bits(name, std::span<T>(values));
        return values;
    }

private:
    void check_size(StoredTensor const& from, index size) const {
        if (from.size() != size) {
            fail(where(), "tensor " + quote(from.name) + " is " + describe(from.dtype, from.shape) +
                              ", expected " + std::to_string(size) + " elements");
        }
    }

    [[nodiscard]] File const& self() const { return static_cast<File const&>(*this); }
    [[nodiscard]] std::string where() const { return quote(self().path()); }
};

}  // namespace spikelet
