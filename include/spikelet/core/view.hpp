// SPDX-License-Identifier: MIT
// A borrowed dense row-major array: pointer and shape. Copying a view copies no numbers.
#pragma once

#include <array>
#include <type_traits>

#include <spikelet/core/element.hpp>

namespace spikelet {

/// Borrows an array of T (possibly const) with extents Es, channels last. Shallow const.
template <class T, index... Es>
class View {
public:
    /// T without const.
    using element = std::remove_const_t<T>;
    /// The shape's type.
    using extents_type = Extents<Es...>;
    /// One stored unit: T itself, or a word of 64 spikes.
    using unit =
        std::conditional_t<std::is_const_v<T>, storage_of<element> const, storage_of<element>>;

    constexpr View() = default;
    /// Over `data`, which must outlive it.
    constexpr View(unit* data, Extents<Es...> extents) : data_(data), extents_(extents) {}

    /// The first stored unit.
    [[nodiscard]] constexpr unit* data() const { return data_; }
    /// The shape.
    [[nodiscard]] constexpr Extents<Es...> const& extents() const { return extents_; }
    /// Extent number r, from 0.
    [[nodiscard]] constexpr index extent(index r) const { return extents_[r]; }
    /// Number of elements.
    [[nodiscard]] constexpr index size() const { return extents_.size(); }
    /// Product of all extents but the last.
    [[nodiscard]] constexpr index rows() const { return extents_.rows(); }

    /// Row r of the array seen as [rows, last].
    [[nodiscard]] constexpr unit* row(index r) const {
        return data_ + r * Element<element>::row_units(extents_[sizeof...(Es) - 1]);
    }

    /// One element: a reference, or the value of a packed one; a spike reads as bool.
    template <class... Indices>
        requires(sizeof...(Indices) == sizeof...(Es))  // one index per axis
    [[nodiscard]] constexpr decltype(auto) operator()(Indices... at) const {
        std::array const place{static_cast<index>(at)...};
        index r = 0;
        for (std::size_t axis = 0; axis + 1 < place.size(); ++axis) {
            r = r * extents_[static_cast<index>(axis)] + place[axis];
        }
        return Element<element>::at(row(r), place.back());
    }

private:
    unit* data_ = nullptr;
    [[no_unique_address]] Extents<Es...> extents_{};
};

}  // namespace spikelet
