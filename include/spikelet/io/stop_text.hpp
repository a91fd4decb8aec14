// SPDX-License-Identifier: MIT
// A text that ends where one of several strings begins, of which nothing is shown: what may be the
// start of one is held back until that is certain, in whatever portions the text comes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>

namespace spikelet {

/// Shows a text up to the stop that is complete first; of two that are complete at once, up to the
/// longer one. Without stops it shows everything.
///
///     StopText answer({"\n\n"});
///     std::cout << answer.push("one\n") << answer.push("\ntwo");   // one
class StopText {
public:
    /// Throws Error for a stop that is empty.
    explicit StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {
        if (std::ranges::find(stops_, "") != stops_.end()) {
            fail("stop", "a text to stop at must not be empty");
        }
    }

    /// What can be shown after this portion; nothing once a stop was found.
    [[nodiscard]] std::string push(std::string_view portion) {
        if (found_) { return {}; }
        held_ += portion;
        std::size_t first = held_.npos;
        std::size_t end = held_.npos;
        for (std::string const& stop : stops_) {
            std::size_t const at = held_.find(stop);
            if (at == held_.npos || std::pair(at + stop.size(), at) >= std::pair(end, first)) {
                continue;
            }
            first = at;
            end = at + stop.size();
        }
        found_ = first != held_.npos;
        std::size_t const certain = found_ ? first : held_.size() - longest_start();
        std::string shown = held_.substr(0, certain);
        held_.erase(0, found_ ? held_.npos : certain);
        return shown;
    }

    /// True once a stop was complete.
    [[nodiscard]] bool found() const { return found_; }

    /// The end of the text: what was held back.
    [[nodiscard]] std::string flush() { return std::exchange(held_, {}); }

private:
    /// How many bytes at the end of what is held begin a stop.
    [[nodiscard]] std::size_t longest_start() const {
        std::size_t longest = 0;
        for (std::string const& stop : stops_) {
            std::size_t length = (std::min)(stop.size() - 1, held_.size());
            while (length > longest && !held_.ends_with(std::string_view(stop).substr(0, length))) {
                --length;
            }
            longest = (std::max)(longest, length);
        }
        return longest;
    }

    std::vector<std::string> stops_;
    std::string held_;
    bool found_ = false;
};

}  // namespace spikelet
