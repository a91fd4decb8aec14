// SPDX-License-Identifier: MIT
// Where numbers live: owned memory aligned to cache lines, or somebody else's memory borrowed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <spikelet/core/config.hpp>
#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>

#if SPIKELET_HAS_MADVISE
#include <sys/mman.h>
#endif

namespace spikelet {

/// Every owned array starts on a cache line.
inline constexpr std::size_t alignment = 64;

/// Arrays of at least this many bytes lie on pages of this size where the system has them on offer
/// (Linux, transparent huge pages). Looking for small pages takes a third of a training step.
inline constexpr std::size_t huge_page = std::size_t{1} << 21;

/// Cache lines by which piece i of many equally large ones begins late. Loops over several of them
/// would otherwise have all their streams in one set of the cache where sizes are powers of two.
constexpr std::size_t stagger(std::size_t i) { return i % 8 * 7; }

namespace detail {

/// An offer that may be declined.
inline void ask_for_huge_pages([[maybe_unused]] void* p, [[maybe_unused]] std::size_t bytes) {
#if SPIKELET_HAS_MADVISE && defined(MADV_HUGEPAGE)
    static_cast<void>(::madvise(p, bytes / huge_page * huge_page, MADV_HUGEPAGE));
#endif
}

inline void* allocate_units(index count, std::size_t unit) {
    constexpr std::size_t most = static_cast<std::size_t>(PTRDIFF_MAX) - huge_page;
    void* p = nullptr;
    if (count >= 0 && static_cast<std::size_t>(count) <= most / unit) {
        // At least one, since for none a library may return what looks like a failure.
        std::size_t const bytes = std::max<std::size_t>(static_cast<std::size_t>(count) * unit, 1);
        std::size_t const line = bytes >= huge_page ? huge_page : alignment;
        p = std::aligned_alloc(line, (bytes + line - 1) / line * line);
        if (p != nullptr && bytes >= huge_page) { ask_for_huge_pages(p, bytes); }
    }
    if (p == nullptr) {
        fail("memory", "cannot allocate " + std::to_string(count) + " times " +
                           std::to_string(unit) + " bytes");
    }
    return p;
}

}  // namespace detail

/// A run of T, owned (zeroed at first) or borrowed. Movable; copies only when asked by clone().
template <class T>
class Buffer {
    static_assert(std::is_trivially_copyable_v<T>, "Buffer: holds plain numbers");

public:
    constexpr Buffer() = default;

    /// Owns `count` zeros. Throws Error when memory runs out.
    explicit Buffer(index count) : Buffer(uninitialized(count)) {
        std::memset(static_cast<void*>(data_), 0, static_cast<std::size_t>(count) * sizeof(T));
    }

    /// Owns `count` numbers of no particular value. Throws Error when memory runs out.
    static Buffer uninitialized(index count) {
        Buffer b;
        b.data_ = static_cast<T*>(detail::allocate_units(count, sizeof(T)));
        b.count_ = count;
        b.owned_ = true;
        return b;
    }

    /// Refers to memory that outlives the buffer: flash, a mapped file, another buffer.
    static constexpr Buffer borrow(T* data, index count) {
        Buffer b;
        b.data_ = data;
        b.count_ = count;
        return b;
    }

    constexpr Buffer(Buffer&& other) noexcept { swap(other); }
    constexpr Buffer& operator=(Buffer&& other) noexcept {
        swap(other);
        return *this;
    }
    Buffer(Buffer const&) = delete;
    Buffer& operator=(Buffer const&) = delete;
    constexpr ~Buffer() {
        if (owned_) { std::free(data_); }
    }

    /// An owned copy.
    [[nodiscard]] Buffer clone() const {
        Buffer b = uninitialized(count_);
        if (count_ > 0) {  // else there may be nothing to point at
            std::memcpy(static_cast<void*>(b.data_), data_,
                        static_cast<std::size_t>(count_) * sizeof(T));
        }
        return b;
    }

    /// The first of them; null if it owns and borrows nothing.
    [[nodiscard]] constexpr T* data() const { return data_; }
    /// Number of elements.
    [[nodiscard]] constexpr index size() const { return count_; }
    /// Whether there are none.
    [[nodiscard]] constexpr bool empty() const { return count_ == 0; }
    /// Whether it frees its memory at the end.
    [[nodiscard]] constexpr bool owned() const { return owned_; }
    /// All elements.
    [[nodiscard]] constexpr std::span<T> span() const {
        return {data_, static_cast<std::size_t>(count_)};
    }

private:
    constexpr void swap(Buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(count_, other.count_);
        std::swap(owned_, other.owned_);
    }

    T* data_ = nullptr;
    index count_ = 0;
    bool owned_ = false;
};

}  // namespace spikelet
