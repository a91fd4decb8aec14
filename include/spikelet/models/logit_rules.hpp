// SPDX-License-Identifier: MIT
// What is done to logits z [vocabulary] before they become probabilities, and what of the text that
// depends on. For an id that is n > 0 times among the recent ones, in this order:
//   z / repetition where z > 0, z * repetition elsewhere    (after Keskar et al., arXiv 1909.05858,
//                                                            who divide in both cases)
//   z - presence - frequency n
// then z + bias for ids that have one, and minus infinity for those that are banned.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>

namespace spikelet {

/// The ids that came last, in a text that is read and written: a value that can be copied.
class RecentIds {
public:
    /// Remembers so many ids, at least the last one.
    explicit RecentIds(index window = 64)
        : window_(static_cast<std::size_t>(window > 0 ? window : 1)) {}

    /// One more id; one that has left the window is forgotten.
    void push(std::int32_t id) {
        ids_.push_back(id);
        ++counts_[id];
        if (ids_.size() <= window_) { return; }
        auto const oldest = counts_.find(ids_[ids_.size() - 1 - window_]);
        if (--oldest->second == 0) { counts_.erase(oldest); }
        if (ids_.size() / 2 >= window_) {  // seldom, as it moves the whole window
            ids_.erase(ids_.begin(), ids_.end() - static_cast<std::ptrdiff_t>(window_));
        }
    }
    void push(std::span<std::int32_t const> ids) {
        for (std::int32_t const id : ids) { push(id); }
    }

    /// The last one of all, if there is one.
    [[nodiscard]] std::optional<std::int32_t> last() const {
        return ids_.empty() ? std::nullopt : std::optional(ids_.back());
    }

    /// How often each id occurs.
    [[nodiscard]] std::map<std::int32_t, index> const& counts() const { return counts_; }

    /// In the order in which they came; valid until the next push().
    [[nodiscard]] std::span<std::int32_t const> ids() const {
        return std::span(ids_).last((std::min)(ids_.size(), window_));
    }

private:
    std::size_t window_;
    std::vector<std::int32_t> ids_;  // the window is the end of it
    std::map<std::int32_t, index> counts_;
};

/// What is done to logits. The defaults leave them as they are.
struct LogitRules {
    double repetition = 1.0;                ///< above 1: what was written is less likely
    double presence = 0.0;                  ///< taken off the logit of an id that was written
    double frequency = 0.0;                 ///< taken off for each time that it was
    std::map<std::int32_t, double> bias{};  ///< added to the logits of these ids
    std::vector<std::int32_t> banned{};     ///< never come
};

namespace detail {

inline void check_logit_rules(LogitRules const& rules, std::size_t vocabulary) {
    if (!(rules.repetition > 0 && std::isfinite(rules.repetition))) {
        fail("sample", "the repetition penalty must be a number above 0");
    }
    if (!std::isfinite(rules.presence) || !std::isfinite(rules.frequency)) {
        fail("sample", "the presence and frequency penalties must be numbers");
    }
    auto const check_id = [&](std::int32_t id, std::string const& what) {
        if (id < 0 || static_cast<std::size_t>(id) >= vocabulary) {
            fail("sample", what + " is for id " + std::to_string(id) + ", there are " +
                               std::to_string(vocabulary));
        }
    };
    for (auto const& [id, bias] : rules.bias) {
        check_id(id, "a bias");
        if (!std::isfinite(bias)) { fail("sample", "a bias must be a number"); }
    }
    for (std::int32_t const id : rules.banned) { check_id(id, "a ban"); }
}

/// Does to finite or minus infinite logits what the rules say. Throws Error for rules that are no
/// numbers or about ids that do not exist. Recent ids that do not exist are passed over.
inline void apply(LogitRules const& rules, RecentIds const& recent, std::vector<double>& z) {
    check_logit_rules(rules, z.size());
    for (auto const& [id, n] : recent.counts()) {
        if (id < 0 || static_cast<std::size_t>(id) >= z.size()) { continue; }
        double& x = z[static_cast<std::size_t>(id)];
        x = x > 0 ? x / rules.repetition : x * rules.repetition;
        x -= rules.presence + rules.frequency * static_cast<double>(n);
    }
    for (auto const& [id, bias] : rules.bias) { z[static_cast<std::size_t>(id)] += bias; }
    for (std::int32_t const id : rules.banned) {
        z[static_cast<std::size_t>(id)] = -std::numeric_limits<double>::infinity();
    }
}

}  // namespace detail

}  // namespace spikelet
