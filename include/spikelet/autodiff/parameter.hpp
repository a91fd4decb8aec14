// SPDX-License-Identifier: MIT
// Trainable leaves: a value and, where it is trained, a gradient of the same shape.
#pragma once

#include <algorithm>

#include <spikelet/core/memory.hpp>
#include <spikelet/core/view.hpp>

namespace spikelet {

/// What an op sees of a parameter. `gradient` is null where the parameter is not trained.
template <class T, index... Es>
struct ParameterView {
    T const* value;
    T* gradient;
    Extents<Es...> extents;
};

/// A weight array of T. It has a shape from the start, numbers after allocate() or bind(), and a
/// gradient after require_gradient(): a parameter without gradient is frozen.
template <class T, index... Es>
class BasicParameter {
public:
    using scalar = T;
    using extents_type = Extents<Es...>;

    constexpr BasicParameter() = default;
    constexpr BasicParameter(Size<Es>... sizes)  // NOLINT: `Parameter<C> bias{channels}`
        requires(Extents<Es...>::rank_dynamic > 0)
        : extents_(sizes...) {}
    constexpr BasicParameter(Size<Es>...)  // NOLINT: the same spelling where sizes are static
        requires(Extents<Es...>::rank_dynamic == 0) {}

    [[nodiscard]] constexpr Extents<Es...> const& extents() const { return extents_; }
    [[nodiscard]] constexpr index size() const { return extents_.size(); }

    /// The numbers; null before allocate() or bind().
    [[nodiscard]] constexpr T* value() const { return value_.data(); }
    /// The gradient; null while frozen.
    [[nodiscard]] constexpr T* gradient() const { return gradient_.data(); }

    [[nodiscard]] std::span<T> span() const {
        return {value(), static_cast<std::size_t>(value_.size())};
    }

    /// Owns zeros from now on, unless it has numbers already. Throws Error.
    void allocate() {
        if (value_.data() == nullptr) { value_ = Buffer<T>(size()); }
    }

    /// Uses somebody else's numbers, which must outlive the parameter and are only read.
    void bind(T const* numbers) { value_ = Buffer<T>::borrow(const_cast<T*>(numbers), size()); }

    /// Has a gradient, zero at first, from now on.
    void require_gradient() {
        if (gradient_.data() == nullptr) { gradient_ = Buffer<T>(size()); }
    }

    /// Takes no gradient any more.
    void freeze() { gradient_ = Buffer<T>(); }

    [[nodiscard]] constexpr ParameterView<T, Es...> view() const {
        return {value(), gradient(), extents_};
    }

private:
    [[no_unique_address]] Extents<Es...> extents_{};
    Buffer<T> value_;
    Buffer<T> gradient_;
};

/// A weight array of float.
template <index... Es>
using Parameter = BasicParameter<float, Es...>;

}  // namespace spikelet
