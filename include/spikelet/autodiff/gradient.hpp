// SPDX-License-Identifier: MIT
// The gradient of a value. It has no memory before something is added to it on the way back, and
// none after the op that made the value has read it. So nothing is set to zero in advance, and a
// step holds the gradients of a few ops at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <spikelet/autodiff/gradient_pool.hpp>
#include <spikelet/core/accumulator.hpp>

namespace spikelet {

namespace detail {

/// What all copies of a value know of its gradient.
template <class T>
struct GradientSlot {
    GradientPool<T>* pool;
    GradientSlot* previous;  // of the same tape
    index size;
    T* data;  // null: nothing was added yet
    bool only_where_active = false;

    void release() {
        if (data != nullptr) { pool->give_back(std::exchange(data, nullptr)); }
    }
};

}  // namespace detail

/// A handle on the gradient of a value; null where no gradient is wanted.
template <class T>
class Gradient {
public:
    /// Null: nobody wants this gradient.
    constexpr Gradient(std::nullptr_t = nullptr) {}  // NOLINT: like a pointer
    /// The gradient that `slot` holds; null if there is none.
    constexpr explicit Gradient(detail::GradientSlot<T>* slot) : slot_(slot) {}

    /// True where a gradient is wanted. To ask takes no memory.
    [[nodiscard]] constexpr bool wanted() const { return slot_ != nullptr; }
    constexpr explicit operator bool() const { return wanted(); }
    friend constexpr bool operator==(Gradient g, std::nullptr_t) { return !g.wanted(); }

    /// True once something was added.
    [[nodiscard]] constexpr bool started() const { return wanted() && slot_->data != nullptr; }

    /// The op that made the value says so if it reads the gradient only where the value is not 0:
    /// what is added elsewhere need not be computed, but numbers must be there.
    constexpr void need_only_where_active() const {
        if (wanted()) { slot_->only_where_active = true; }
    }
    /// What need_only_where_active() was called for.
    [[nodiscard]] constexpr bool needed_only_where_active() const {
        return wanted() && slot_->only_where_active;
    }

    /// The sum so far, zeros at first, to be read or added to; null where none is wanted.
    [[nodiscard]] T* numbers() const {
        auto const [data, fresh] = sum();
        if (fresh) { std::fill_n(data, slot_->size, T(0)); }
        return data;
    }

    /// numbers() for whoever writes an op: `x.gradient[i] += ...`.
    operator T*() const { return numbers(); }  // NOLINT: like a pointer

    /// For a kernel that adds to every element now. Where one kernel adds to two gradients, take
    /// their sums in the order in which it does: they may be the same.
    [[nodiscard]] Accumulator<T> sum() const {
        if (!wanted()) { return {}; }
        bool const fresh = slot_->data == nullptr;
        if (fresh) { slot_->data = slot_->pool->take(slot_->size); }
        return {slot_->data, fresh};
    }

    /// Becomes what `other`, of the same size, is, which ends; no number is moved. False, and
    /// nothing happens, if either is not wanted, this one has numbers already or the other none.
    [[nodiscard]] bool take_over(Gradient other) const {
        if (!wanted() || started() || !other.started()) { return false; }
        slot_->data = std::exchange(other.slot_->data, nullptr);
        return true;
    }

    /// Ends: it has no numbers and no memory until something is added again.
    void end() const {
        if (wanted()) { slot_->release(); }
    }

private:
    detail::GradientSlot<T>* slot_ = nullptr;
};

}  // namespace spikelet
