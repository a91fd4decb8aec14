// SPDX-License-Identifier: MIT
// An owned dense row-major array. Static extents are for checking; the numbers are on the heap.
#pragma once

#include <algorithm>
#include <utility>

#include <spikelet/core/bits.hpp>
#include <spikelet/core/memory.hpp>
#include <spikelet/core/view.hpp>

namespace spikelet {

/// Owns an array of T with extents Es, zeroed at first, 64-byte aligned.
template <class T, index... Es>
class Tensor {
public:
    /// One stored unit: T itself, or a word of 64 spikes.
    using unit = storage_of<T>;

    /// Throws Error if memory runs out.
    Tensor() requires(Extents<Es...>::rank_dynamic == 0)  // otherwise the sizes must be given
        : Tensor(Extents<Es...>{}) {}
    explicit Tensor(Extents<Es...> extents) : extents_(extents), buffer_(units<T>(extents)) {}
    explicit Tensor(Size<Es>... sizes) requires(Extents<Es...>::rank_dynamic > 0)
        : Tensor(Extents<Es...>(sizes...)) {}

    /// Takes numbers and shape; the other has no numbers then: it may be assigned to, or end.
    Tensor(Tensor&& other) noexcept : extents_(other.extents_), buffer_(std::move(other.buffer_)) {
        other.extents_ = {};
    }
    /// Exchanges numbers and shape.
    Tensor& operator=(Tensor&& other) noexcept {
        std::swap(extents_, other.extents_);
        std::swap(buffer_, other.buffer_);
        return *this;
    }
    Tensor(Tensor const&) = delete;  // clone() says what it costs
    Tensor& operator=(Tensor const&) = delete;
    ~Tensor() = default;

    /// The first stored unit.
    [[nodiscard]] unit* data() { return buffer_.data(); }
    [[nodiscard]] unit const* data() const { return buffer_.data(); }
    /// The shape.
    [[nodiscard]] Extents<Es...> const& extents() const { return extents_; }
    /// Number of elements.
    [[nodiscard]] index size() const { return extents_.size(); }
    /// Product of all extents but the last.
    [[nodiscard]] index rows() const { return extents_.rows(); }

    /// All of it, borrowed.
    [[nodiscard]] View<T, Es...> view() { return {data(), extents_}; }
    [[nodiscard]] View<T const, Es...> view() const { return {data(), extents_}; }

    /// Row r of the array seen as [rows, last].
    [[nodiscard]] unit* row(index r) { return view().row(r); }
    [[nodiscard]] unit const* row(index r) const { return view().row(r); }

    /// The element at these indices, one for each extent.
    template <class... Indices>
    [[nodiscard]] decltype(auto) operator()(Indices... at) {
        return view()(at...);
    }
    template <class... Indices>
    [[nodiscard]] decltype(auto) operator()(Indices... at) const {
        return view()(at...);
    }

    /// Sets every stored unit; bits that belong to no spike stay 0.
    void fill(unit value) {
        std::fill_n(data(), buffer_.size(), value);
        clear_unused<T>(extents_, data());
    }

    /// The stored units, one after another.
    [[nodiscard]] std::span<unit> span() { return buffer_.span(); }
    [[nodiscard]] std::span<unit const> span() const { return buffer_.span(); }

    /// An independent copy.
    [[nodiscard]] Tensor clone() const {
        Tensor copy(extents_);
        std::copy_n(data(), buffer_.size(), copy.data());
        return copy;
    }

private:
    [[no_unique_address]] Extents<Es...> extents_;
    Buffer<unit> buffer_;
};

/// Packed spikes.
template <index... Es>
using Spikes = Tensor<bit, Es...>;

}  // namespace spikelet
