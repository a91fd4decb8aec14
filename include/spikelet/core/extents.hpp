// SPDX-License-Identifier: MIT
// Shapes. Each extent is a number in the type or `dyn` and a value; the static part costs no bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include <spikelet/core/error.hpp>

namespace spikelet {

/// Signed, so that `dyn` prints as -1 in compiler messages.
using index = std::ptrdiff_t;

/// An extent that is known only at run time.
inline constexpr index dyn = -1;

/// Elements of the largest array. With it the bytes of any element type, and of the few planes a
/// kernel keeps beside an array, are counted without overflow.
inline constexpr index largest_size = PTRDIFF_MAX / 32;

/// One extent as a value: empty when N is a number, one `index` >= 0 when N is `dyn`.
template <index N>
struct Size {
    static_assert(N >= 0, "Size: an extent is a number >= 0, or dyn");

    constexpr Size() = default;
    /// Accepts only N itself. Throws Error.
    constexpr Size(index n) {  // NOLINT: sizes convert from and to plain numbers on purpose
        if (n != N) {
            fail("size", std::to_string(n) + " given, but the type says " + std::to_string(N));
        }
    }
    constexpr operator index() const { return N; }
};

/// The other case: a number that is known only at run time.
template <>
struct Size<dyn> {
    constexpr Size() = default;
    /// Throws Error for a negative number.
    constexpr Size(index n) : value_(n) {  // NOLINT
        if (n < 0) { fail("size", std::to_string(n) + " given, but an extent is at least 0"); }
    }
    constexpr operator index() const { return value_; }

private:
    index value_ = 0;
};

/// `expected` if one of the two is dyn, else `found`: `or_else(found, expected) == expected` is a
/// check that the compiler can explain with both numbers.
constexpr index or_else(index found, index expected) {
    return found == dyn || expected == dyn ? expected : found;
}

namespace detail {

/// The product of sizes >= 0, or -1 where it is larger than largest_size. A zero counts as one, so
/// that the product of any few of the sizes is no larger.
constexpr index checked_product(std::initializer_list<index> sizes) {
    index product = 1;
    for (index const n : sizes) {
        if (n > 0 && (__builtin_mul_overflow(product, n, &product) || product > largest_size)) {
            return -1;
        }
    }
    return product;
}

/// The extents that are known at run time only. Without any it is empty, which std::array is not.
template <index N>
class RunTimeExtents {
public:
    constexpr index get(std::size_t slot) const { return values_[slot]; }
    constexpr void set(std::size_t slot, index n) { values_[slot] = n; }

private:
    std::array<index, static_cast<std::size_t>(N)> values_{};
};

template <>
class RunTimeExtents<0> {
public:
    constexpr index get(std::size_t) const { return 0; }  // GCOVR_EXCL_LINE: nobody has to ask
    constexpr void set(std::size_t, index) {}
};

}  // namespace detail

/// The shape of a dense row-major array. "Rows" are all extents but the last, taken together. No
/// shape has more than largest_size elements, so sizes are products that need no check.
template <index... Es>
class Extents {
    static_assert(sizeof...(Es) > 0, "Extents: a shape has at least one extent");
    static_assert(detail::checked_product({(Es == dyn ? 1 : Es)...}) > 0,
                  "Extents: the shape has more elements than can be counted");

public:
    /// Number of extents.
    static constexpr index rank = sizeof...(Es);
    /// Number of those that are known only at run time.
    static constexpr index rank_dynamic = ((Es == dyn ? 1 : 0) + ...);

    /// The number in the type, or dyn.
    static constexpr index static_extent(index r) { return in_type_[static_cast<std::size_t>(r)]; }

    /// The number of the last axis in the type, or dyn.
    static constexpr index last = static_extent(rank - 1);

    constexpr Extents() = default;
    /// Throws Error where the elements are more than largest_size.
    constexpr explicit Extents(Size<Es>... sizes) : at_run_time_(chosen(sizes...)) {
        if (rank_dynamic > 0 && detail::checked_product({static_cast<index>(sizes)...}) < 0) {
            fail("extents", to_string(*this) + " has more elements than can be counted");
        }
    }

    constexpr index operator[](index r) const {
        return static_extent(r) == dyn ? at_run_time_.get(slot(r)) : static_extent(r);
    }

    /// Number of elements.
    [[nodiscard]] constexpr index size() const { return rows() * (*this)[rank - 1]; }

    /// Number of rows: the product of all extents but the last.
    [[nodiscard]] constexpr index rows() const {
        index n = 1;
        for (index r = 0; r + 1 < rank; ++r) { n *= (*this)[r]; }
        return n;
    }

    /// The same rows with another last extent.
    template <index N>
    [[nodiscard]] constexpr auto with_last(Size<N> n) const {
        return replace_last(n, std::make_index_sequence<sizeof...(Es) - 1>{});
    }

    friend constexpr bool operator==(Extents const& a, Extents const& b) {
        for (index r = 0; r < rank; ++r) {
            if (a[r] != b[r]) { return false; }
        }
        return true;
    }

private:
    static constexpr std::array<index, sizeof...(Es)> in_type_{Es...};

    static constexpr std::size_t slot(index r) {
        std::size_t n = 0;
        for (index i = 0; i < r; ++i) { n += static_extent(i) == dyn ? 1U : 0U; }
        return n;
    }

    static constexpr detail::RunTimeExtents<rank_dynamic> chosen(Size<Es>... sizes) {
        detail::RunTimeExtents<rank_dynamic> values;
        index r = 0;
        auto store = [&](index n) {
            if (static_extent(r) == dyn) { values.set(slot(r), n); }
            ++r;
        };
        (store(sizes), ...);
        return values;
    }

    template <index N, std::size_t... R>
    constexpr auto replace_last(Size<N> n, std::index_sequence<R...>) const {
        return Extents<in_type_[R]..., N>(Size<in_type_[R]>((*this)[static_cast<index>(R)])..., n);
    }

    [[no_unique_address]] detail::RunTimeExtents<rank_dynamic> at_run_time_{};
};

template <index... Es>
Extents(Size<Es>...) -> Extents<Es...>;

/// True unless two shapes differ already in their types.
template <class E, class F>
constexpr bool may_agree() {
    bool agree = E::rank == F::rank;
    for (index r = 0; agree && r < E::rank; ++r) {
        agree = or_else(E::static_extent(r), F::static_extent(r)) == F::static_extent(r);
    }
    return agree;
}

/// "[2, 128, 512]", for messages.
template <index... Es>
std::string to_string(Extents<Es...> const& e) {
    std::string text = "[";
    for (index r = 0; r < e.rank; ++r) { text += (r == 0 ? "" : ", ") + std::to_string(e[r]); }
    return text + "]";
}

}  // namespace spikelet
