// SPDX-License-Identifier: MIT
// Memory that grows in blocks and is given back all at once, or down to a mark. Blocks stay: a
// second pass of the same shape takes nothing from the heap.
#pragma once

#include <algorithm>
#include <new>
#include <vector>

#include <spikelet/core/memory.hpp>

namespace spikelet {

/// A stack of untyped memory; every piece starts on a cache line.
class Arena {
public:
    /// A place to rewind to.
    struct Mark {
        std::size_t block = 0;  ///< of the memory blocks, counted from the first
        std::size_t used = 0;   ///< bytes taken of that block
    };

    /// Room for n units of T, not initialised.
    template <class T>
    T* take(index n) {
        return static_cast<T*>(take_bytes(static_cast<std::size_t>(n) * sizeof(T)));
    }

    /// Where the stack ends now.
    [[nodiscard]] Mark mark() const { return at_; }

    /// Gives back everything taken since the mark.
    void rewind(Mark mark) { at_ = mark; }

    /// Gives back everything.
    void reset() { at_ = {}; }

    /// Bytes held, used or not.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = 0;
        for (std::size_t b = 0; b < blocks_.size(); ++b) { total += size_of(b); }
        return total;
    }

private:
    static constexpr std::size_t smallest_block = std::size_t{1} << 18;
    static constexpr std::size_t large = std::size_t{1} << 16;
    static constexpr std::size_t largest_block = std::size_t{1} << 26;

    // Blocks grow with what is held, so that few pieces fall on a border and little is left over.
    [[nodiscard]] std::size_t next_block(std::size_t piece) const {
        return (std::max)(piece, std::clamp(this->bytes(), smallest_block, largest_block));
    }

    [[nodiscard]] std::size_t size_of(std::size_t b) const {
        return static_cast<std::size_t>(blocks_[b].size());
    }

    // See stagger(): pieces follow each other, so each is moved by this much more than the last.
    static constexpr std::size_t apart(std::size_t wanted) {
        return wanted < large ? 0 : stagger(1) * alignment;
    }

    void* take_bytes(std::size_t wanted) {
        std::size_t const bytes = (wanted + alignment - 1) / alignment * alignment + apart(wanted);
        while (at_.block < blocks_.size() && at_.used + bytes > size_of(at_.block)) {
            at_ = {at_.block + 1, 0};
        }
        if (at_.block == blocks_.size()) {
            blocks_.push_back(
                Buffer<std::byte>::uninitialized(static_cast<index>(next_block(bytes))));
        }
        void* p = blocks_[at_.block].data() + at_.used;
        at_.used += bytes;
        return p;
    }

    std::vector<Buffer<std::byte>> blocks_;
    Mark at_;
};

}  // namespace spikelet
