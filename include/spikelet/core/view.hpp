// SPDX-License-Identifier: MIT
// A borrowed dense row-major array: pointer and shape. Copying a view copies no numbers.
#pragma once

#include <type_traits>

#include <spikelet/core/element.hpp>

namespace spikelet {

/// Borrows an array of T (possibly const) with extents Es, channels last. Shallow const.
template <class T, index... Es>
class View {
public:
    using element = std::remove_const_t<T>;
    using extents_type = Extents<Es...>;
    /// One stored unit: T itself, or a word of 64 spikes.
    using unit =
        std::conditional_t<std::is_const_v<T>, storage_of<element> const, storage_of<element>>;

    constexpr View() = default;
    constexpr View(unit* data, Extents<Es...> extents) : data_(data), extents_(extents) {}

    [[nodiscard]] constexpr unit* data() const { return data_; }
    [[nodiscard]] constexpr Extents<Es...> const& extents() const { return extents_; }
    [[nodiscard]] constexpr index extent(index r) const { return extents_[r]; }
    [[nodiscard]] constexpr index size() const { return extents_.size(); }
    [[nodiscard]] constexpr index rows() const { return extents_.rows(); }

    /// Row r of the array seen as [rows, last].
    [[nodiscard]] constexpr unit* row(index r) const {
        return data_ + r * Element<element>::row_units(extents_[sizeof...(Es) - 1]);
    }

    /// One element; a spike reads as bool.
    template <class... Indices>
        requires(sizeof...(Indices) == sizeof...(Es))  // one index per axis
    [[nodiscard]] constexpr decltype(auto) operator()(Indices... at) const {
        index const last = extents_[sizeof...(Es) - 1];
        index const flat = flatten(static_cast<index>(at)...);
        if constexpr (std::is_same_v<element, bit>) {
            index const c = flat % last;
            return (row(flat / last)[c / bits_per_word] >> (c % bits_per_word) & 1) != 0;
        } else {
            return (data_[flat]);
        }
    }

private:
    template <class... Indices>
    constexpr index flatten(Indices... at) const {
        index flat = 0;
        index r = 0;
        ((flat = flat * extents_[r++] + at), ...);
        return flat;
    }

    unit* data_ = nullptr;
    [[no_unique_address]] Extents<Es...> extents_{};
};

}  // namespace spikelet
