// SPDX-License-Identifier: MIT
// Memory for the gradients of a tape. Backward needs few of them at a time, each for a short while;
// what is given back is given out again first, while it is still in the cache.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include <spikelet/core/config.hpp>
#include <spikelet/core/memory.hpp>

namespace spikelet {

/// Pieces of memory that are taken and given back in any order.
template <class T>
class GradientPool {
public:
    /// Room for n numbers, not initialised: the smallest free piece that is large enough, among
    /// equals the one given back last. Throws Error when memory runs out.
    T* take(index n) {
        std::size_t best = free_.size();
        for (std::size_t i = free_.size(); i-- > 0;) {
            bool const fits = free_[i].size >= n;
            if (fits && (best == free_.size() || free_[i].size < free_[best].size)) { best = i; }
        }
        if (best == free_.size()) { free_.push_back(fresh(n)); }
        return move(free_, best, taken_).data();
    }

    /// Takes back what take() gave.
    void give_back(T* data) {
        auto const piece = std::find_if(taken_.begin(), taken_.end(),
                                        [=](Piece const& p) { return p.data() == data; });
        SPIKELET_ASSERT(piece != taken_.end(), "gradient_pool: not a piece of this pool");
        move(taken_, static_cast<std::size_t>(piece - taken_.begin()), free_);
    }

    /// Begins to note which pieces are used.
    void start_pass() {
        for (Piece& piece : free_) { piece.used = false; }
    }

    /// Frees what has not been used since start_pass(): passes had another shape then.
    void end_pass() {
        std::erase_if(free_, [](Piece const& piece) { return !piece.used; });
    }

    /// Bytes held, taken or not.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = 0;
        for (auto const* list : {&free_, &taken_}) {
            for (Piece const& p : *list) {
                total += static_cast<std::size_t>(p.memory.size()) * sizeof(T);
            }
        }
        return total;
    }

private:
    struct Piece {
        Buffer<T> memory;
        index size = 0;
        bool used = false;

        // See stagger().
        [[nodiscard]] T* data() const { return memory.data() + (memory.size() - size); }
    };

    Piece fresh(index n) {
        auto const line = static_cast<index>(alignment / sizeof(T));
        index const shift = static_cast<index>(stagger(taken_.size())) * line;
        return {Buffer<T>::uninitialized(n + shift), n};
    }

    static Piece& move(std::vector<Piece>& from, std::size_t i, std::vector<Piece>& to) {
        to.push_back(std::move(from[i]));
        from.erase(from.begin() + static_cast<index>(i));
        to.back().used = true;
        return to.back();
    }

    std::vector<Piece> free_;
    std::vector<Piece> taken_;
};

}  // namespace spikelet
