// SPDX-License-Identifier: MIT
// Trainable leaves: a value and, where it is trained, a gradient of the same shape.
#pragma once

#include <algorithm>
#include <span>
#include <utility>

#include <spikelet/core/memory.hpp>
#include <spikelet/core/view.hpp>

namespace spikelet {

/// What an op sees of a parameter. `gradient` is null where the parameter is not trained.
template <class T, index... Es>
struct ParameterView {
    T const* value;          ///< numbers [Es...], row-major
    T* gradient;             ///< the same shape
    Extents<Es...> extents;  ///< the shape
};

/// Numbers and gradient of a parameter, whatever its shape. Who keeps a pointer to it and asks for
/// value() and gradient() each time follows allocate(), bind() and freeze().
template <class T>
class ParameterStorage {
public:
    /// The numbers, row-major; null before allocate() or bind(). Not to be written where
    /// read_only(): that memory may be flash, or a constant.
    [[nodiscard]] constexpr T* value() const { return value_.data(); }
    /// The gradient, of the shape of the numbers; null while frozen or not asked for.
    [[nodiscard]] constexpr T* gradient() const { return frozen_ ? nullptr : gradient_.data(); }

    /// The numbers; none before allocate() or bind().
    [[nodiscard]] constexpr std::span<T> span() const { return value_.span(); }

    /// True after bind() to constant numbers.
    [[nodiscard]] constexpr bool read_only() const { return read_only_; }
    /// True between freeze() and unfreeze().
    [[nodiscard]] constexpr bool frozen() const { return frozen_; }

    /// Takes no gradient until unfreeze(), whoever asks for one; optimisers leave it alone. The
    /// gradient's memory stays as long as the parameter: a tape may still be about to write there.
    constexpr void freeze() { frozen_ = true; }

    /// May have a gradient again, zero at first. Optimisers that were made meanwhile do not know
    /// the parameter.
    void unfreeze() {
        if (frozen_) { std::fill_n(gradient_.data(), gradient_.size(), T(0)); }
        frozen_ = false;
    }

protected:
    constexpr ParameterStorage() = default;
    constexpr ParameterStorage(ParameterStorage&& other) noexcept { swap(other); }
    constexpr ParameterStorage& operator=(ParameterStorage&& other) noexcept {
        swap(other);
        return *this;
    }
    constexpr ~ParameterStorage() = default;

    // The flags lie in what would be padding behind an owner's flag.
    [[no_unique_address]] Buffer<T> value_;
    [[no_unique_address]] Buffer<T> gradient_;
    bool read_only_ = false;
    bool frozen_ = false;

private:
    // What is known of numbers goes where they go.
    constexpr void swap(ParameterStorage& other) noexcept {
        value_ = std::move(other.value_);  // which swaps
        gradient_ = std::move(other.gradient_);
        std::swap(read_only_, other.read_only_);
        std::swap(frozen_, other.frozen_);
    }
};

/// A weight array of T. It has a shape from the start, numbers after allocate() or bind(), and a
/// gradient after require_gradient() unless it is frozen.
template <class T, index... Es>
class BasicParameter : public ParameterStorage<T> {
public:
    using scalar = T;                     ///< numbers are of this type
    using extents_type = Extents<Es...>;  ///< the shape's type

    constexpr BasicParameter() = default;
    /// A parameter of these sizes, without numbers yet. Throws Error for sizes that cannot be.
    constexpr BasicParameter(Size<Es>... sizes)  // NOLINT: `Parameter<C> bias{channels}`
        requires(Extents<Es...>::rank_dynamic > 0)
        : extents_(sizes...) {}
    constexpr BasicParameter(Size<Es>...)  // NOLINT: the same spelling where sizes are static
        requires(Extents<Es...>::rank_dynamic == 0) {}

    /// Takes numbers, gradient and sizes; the other keeps those of this one, if any.
    constexpr BasicParameter(BasicParameter&& other) noexcept
        : ParameterStorage<T>(std::move(other)) {
        std::swap(extents_, other.extents_);
    }
    constexpr BasicParameter& operator=(BasicParameter&& other) noexcept {
        ParameterStorage<T>::operator=(std::move(other));
        std::swap(extents_, other.extents_);
        return *this;
    }

    /// The shape.
    [[nodiscard]] constexpr Extents<Es...> const& extents() const { return extents_; }
    /// Number of weights, with or without memory.
    [[nodiscard]] constexpr index size() const { return extents_.size(); }

    /// Owns zeros from now on, unless it has numbers already. Throws Error when memory runs out.
    void allocate() {
        if (this->value_.data() == nullptr) { this->value_ = Buffer<T>(size()); }
    }

    /// The numbers, to be changed: allocate(), then span(). Throws Error if they are only to be
    /// read, or memory runs out.
    std::span<T> writable() {
        allocate();
        if (this->read_only_) {
            fail("parameter", "it is bound to constant numbers, which cannot be changed");
        }
        return this->span();
    }

    /// Uses somebody else's size() numbers, which must outlive the parameter. Constant ones are
    /// only read: training, initialisation and loading refuse them. Not between a forward pass and
    /// its backward pass.
    constexpr void bind(T const* numbers) { borrow(const_cast<T*>(numbers), true); }
    /// The same with numbers that training, initialisation and loading may change.
    constexpr void bind(T* numbers) { borrow(numbers, false); }

    /// Has a gradient, zero at first, from now on; not while it is frozen. Throws Error when memory
    /// runs out.
    void require_gradient() {
        if (!this->frozen_ && this->gradient_.data() == nullptr) {
            this->gradient_ = Buffer<T>(size());
        }
    }

    /// What ops take; it is out of date after allocate(), bind() or freeze().
    [[nodiscard]] constexpr ParameterView<T, Es...> view() const {
        return {this->value(), this->gradient(), extents_};
    }

private:
    constexpr void borrow(T* numbers, bool read_only) {
        this->value_ = Buffer<T>::borrow(numbers, size());
        this->read_only_ = read_only;
    }

    [[no_unique_address]] Extents<Es...> extents_{};
};

/// A weight array of float.
template <index... Es>
using Parameter = BasicParameter<float, Es...>;

}  // namespace spikelet
