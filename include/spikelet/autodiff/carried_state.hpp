// SPDX-License-Identifier: MIT
// What ops carry from one pass of a Tape or a Forward to the next, which begins where it ended.
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
    /// How much the ops of a pass have taken.
    struct Place {
        std::size_t number = 0;  ///< numbers taken
        std::size_t op = 0;      ///< ops that took some
        friend bool operator==(Place const&, Place const&) = default;
    };

    /// The next pass starts from what was restored, else where the last one ended if that was
    /// walked back, else where that had started. Throws Error where something was restored, and
    /// passes carry nothing.
    void start_pass(bool carries = true) {
        if (!carries && restored_ && !next_.empty()) {
            fail("carried state", "it was restored, but every pass of this context starts at rest; "
                                  "set carry_state in its options");
        }
        if (restored_) {
            start_.assign(next_.begin(), next_.end());
            next_ = {};
            at_rest_ = start_.empty();
            sizes_hold_ = false;
        } else if (walked_) {
            start_.swap(now_);
            at_rest_ = false;
            sizes_hold_ = true;
        }
        restored_ = walked_ = false;
        if (at_rest_) { start_.clear(); }
        if (!sizes_hold_) { sizes_.clear(); }
        place_ = {};
    }

    /// The same for passes that are never walked back: the last one counts if it carried anything,
    /// unless another state was restored since it began. Throws Error unless it carried as much as
    /// the one before.
    void next_pass(bool carries = true) {
        if (!restored_ && place_ != Place{}) { end_pass(); }
        start_pass(carries);
        one_way_ = true;
    }

    /// State of an op, n numbers for each that is given, which are those at rest. The next call of
    /// take() may move it. Throws Error if the last pass carried less, or other sizes.
    T* take(index n, std::initializer_list<T> rest) {
        if (at_rest_ && place_.number == start_.size()) {
            for (T const value : rest) {
                start_.insert(start_.end(), static_cast<std::size_t>(n), value);
            }
        }
        std::size_t const count = static_cast<std::size_t>(n) * rest.size();
        if (!sizes_hold_ && place_.op == sizes_.size()) { sizes_.push_back(count); }
        bool const as_before = place_.op < sizes_.size() && sizes_[place_.op] == count;
        if (!as_before || place_.number + count > start_.size()) { sizes_changed(); }
        now_.resize(start_.size());
        T* const mine = now_.data() + place_.number;
        std::copy_n(start_.data() + place_.number, count, mine);
        place_ = {place_.number + count, place_.op + 1};
        return mine;
    }

    /// The pass is walked back: what it has left counts, unless another state was restored since
    /// it began. Throws Error unless it carried as much as the one before.
    void end_pass() {
        check_whole();
        walked_ = !restored_;
    }

    /// How much of the state the ops of this pass have taken.
    [[nodiscard]] Place place() const { return place_; }
    /// Back to there, for a layer that is computed again.
    void go_to(Place place) { place_ = place; }

    /// What the next pass starts from, or empty at rest. Throws Error where next_pass() would.
    [[nodiscard]] std::span<T const> numbers() const {
        if (restored_) { return next_; }
        bool const counts = one_way_ && place_ != Place{};
        if (counts) { check_whole(); }
        if (counts || walked_) { return now_; }
        return at_rest_ ? std::span<T const>{} : std::span<T const>{start_};
    }

    /// Forgets everything: the next pass starts at rest.
    void reset() { restore({}); }

    /// The next pass starts from numbers() of the same model and batch; none: at rest. A pass that
    /// has begun can still be walked back, but leaves nothing.
    void restore(std::span<T const> numbers) {
        next_ = std::vector<T>(numbers.begin(), numbers.end());
        restored_ = true;
        walked_ = false;
    }

    /// Memory held, in bytes.
    [[nodiscard]] std::size_t bytes() const {
        return (start_.capacity() + now_.capacity() + next_.capacity()) * sizeof(T) +
               sizes_.capacity() * sizeof(std::size_t);
    }

private:
    void check_whole() const {
        if (place_ != Place{start_.size(), sizes_.size()}) { sizes_changed(); }
    }
    [[noreturn]] void sizes_changed() const {
        fail("carried state", "the batch or the model changed while " +
                                  std::to_string(start_.size()) +
                                  " numbers are carried; call state().reset()");
    }

    std::vector<T> start_, now_;
    std::vector<T> next_;             // what was restored, until a pass starts from it
    std::vector<std::size_t> sizes_;  // of what each op carries
    Place place_;
    bool at_rest_ = true;
    bool walked_ = false;
    bool restored_ = false;
    bool one_way_ = false;     // passes are never walked back
    bool sizes_hold_ = false;  // a pass that was walked back had them
};

}  // namespace spikelet
