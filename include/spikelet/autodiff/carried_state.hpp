// SPDX-License-Identifier: MIT
// What ops carry from one pass of a Tape to the next, which begins where it ended.
//
// A pass works on a copy: layers that are computed again on the way back start as they did first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>

namespace spikelet {

/// Numbers that survive from pass to pass, those of each op behind those of the one before.
template <class T>
class CarriedState {
public:
    /// The next pass starts where the last one ended if that was walked back, else where that had
    /// started.
    void start_pass() {
        if (walked_) {
            start_.swap(now_);
            at_rest_ = walked_ = false;
        }
        if (at_rest_) { start_.clear(); }
        place_ = 0;
    }

    /// State of an op, n numbers for each that is given, which are those at rest. The next call of
    /// take() may move it. Throws Error if the last pass carried less.
    T* take(index n, std::initializer_list<T> rest) {
        if (at_rest_ && place_ == start_.size()) {
            for (T const value : rest) {
                start_.insert(start_.end(), static_cast<std::size_t>(n), value);
            }
        }
        std::size_t const count = static_cast<std::size_t>(n) * rest.size();
        if (place_ + count > start_.size()) { sizes_changed(); }
        now_.resize(start_.size());
        T* const mine = now_.data() + place_;
        std::copy_n(start_.data() + place_, count, mine);
        place_ += count;
        return mine;
    }

    /// The pass is walked back: what it has left counts. Throws Error unless it carried as much as
    /// the one before.
    void end_pass() {
        if (place_ != start_.size()) { sizes_changed(); }
        walked_ = true;
    }

    /// How much of the state the ops of this pass have taken, and back to there.
    [[nodiscard]] std::size_t place() const { return place_; }
    void go_to(std::size_t place) { place_ = place; }

    /// What the next pass starts from, or empty at rest.
    [[nodiscard]] std::span<T const> numbers() const {
        if (walked_) { return now_; }
        return at_rest_ ? std::span<T const>{} : std::span<T const>{start_};
    }

    /// Forgets everything: the next pass starts at rest.
    void reset() { restore({}); }

    /// The next pass starts from numbers() of the same model and batch; none: at rest.
    void restore(std::span<T const> numbers) {
        start_.assign(numbers.begin(), numbers.end());
        at_rest_ = numbers.empty();
        walked_ = false;
        place_ = 0;
    }

    [[nodiscard]] std::size_t bytes() const {
        return (start_.capacity() + now_.capacity()) * sizeof(T);
    }

private:
    [[noreturn]] void sizes_changed() const {
        fail("tape", "the batch or the model changed while state is carried, which is " +
                         std::to_string(start_.size()) + " numbers; call reset()");
    }

    std::vector<T> start_, now_;
    std::size_t place_ = 0;
    bool at_rest_ = true;
    bool walked_ = false;
};

}  // namespace spikelet
