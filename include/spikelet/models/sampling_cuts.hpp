// SPDX-License-Identifier: MIT
// Cuts of probabilities p [vocabulary]: each sets to 0 what it drops and leaves the rest, which
// then adds up to less than 1; at least one token stays.
//   top-k    the k largest
//   top-p    the largest that together reach a share (Holtzman et al., arXiv 1904.09751)
//   by value all of at least the first in falling order whose running sum is above a share
//   typical  those nearest to what is expected, |-ln p - H| with H = -sum p ln p, that together
//            reach a share (Meister et al., arXiv 2202.00666)
//   min-p    those of at least a share of the largest (Nguyen et al., arXiv 2407.01082)
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include <spikelet/core/extents.hpp>

namespace spikelet::detail {

/// Makes numbers add up to 1.
inline void normalize(std::vector<double>& p) {
    double const sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& x : p) { x /= sum; }
}

/// Tokens that may still come, by rising key(p); equals by rising id. Cuts need few of many: 64 are
/// sorted when the first is asked for, eight times as many whenever these are not enough.
class Ranking {
public:
    template <class Key>
    Ranking(std::vector<double> const& p, Key key) {
        for (std::size_t id = 0; id < p.size(); ++id) {
            if (p[id] > 0) { ranked_.push_back({key(p[id]), id}); }
        }
    }

    [[nodiscard]] std::size_t size() const { return ranked_.size(); }

    /// The id of this rank.
    std::size_t operator[](std::size_t rank) {
        while (rank >= sorted_) { sort_more(); }
        return ranked_[rank].id;
    }

private:
    struct Ranked {
        double key;
        std::size_t id;
    };

    void sort_more() {
        auto const before = [](Ranked const& a, Ranked const& b) {
            return a.key != b.key ? a.key < b.key : a.id < b.id;
        };
        std::size_t const enough = (std::min)(sorted_ == 0 ? 64 : 8 * sorted_, ranked_.size());
        auto const begin = ranked_.begin() + static_cast<std::ptrdiff_t>(sorted_);
        auto const end = ranked_.begin() + static_cast<std::ptrdiff_t>(enough);
        std::nth_element(begin, end, ranked_.end(), before);
        std::sort(begin, end, before);
        sorted_ = enough;
    }

    std::vector<Ranked> ranked_;
    std::size_t sorted_ = 0;
};

inline Ranking likeliest_first(std::vector<double> const& p) {
    return {p, [](double x) { return -x; }};
}

/// Keeps the first tokens of `order`, at most `most`, that together reach `enough`; at least one.
inline void keep_first(std::vector<double>& p, Ranking order, std::size_t most, double enough) {
    std::vector<double> kept(p.size());
    double within = 0;
    for (std::size_t i = 0; i < (std::min)(most, order.size()) && (i == 0 || within < enough);
         ++i) {
        std::size_t const id = order[i];
        kept[id] = p[id];
        within += p[id];
    }
    p = std::move(kept);
}

/// Keeps the first tokens of `order` that together reach `share` of all, at least one.
inline void keep_share(std::vector<double>& p, Ranking order, double share) {
    double const enough = share * std::accumulate(p.begin(), p.end(), 0.0);
    keep_first(p, std::move(order), p.size(), enough);
}

inline void keep_top_k(std::vector<double>& p, index k) {
    if (k == 0 || k >= std::ssize(p)) { return; }
    keep_first(p, likeliest_first(p), static_cast<std::size_t>(k),
               std::numeric_limits<double>::infinity());
}

inline void keep_top_p(std::vector<double>& p, double top_p) {
    if (top_p < 1) { keep_share(p, likeliest_first(p), top_p); }
}

// A sum below top_p < 1 by rounding alone ends with the last token, which keeps all.
inline void keep_top_p_by_value(std::vector<double>& p, double top_p) {
    if (!(top_p < 1)) { return; }
    double least = 0;
    double within = 0;
    auto order = likeliest_first(p);
    for (std::size_t i = 0; i < order.size() && least == 0; ++i) {
        double const next = p[order[i]];
        within += next;
        if (within > top_p) { least = next; }
    }
    for (double& x : p) { x = x >= least ? x : 0; }
}

inline void keep_typical(std::vector<double>& p, double typical_p) {
    if (!(typical_p < 1)) { return; }
    auto q = p;
    normalize(q);
    double entropy = 0;
    for (double const x : q) { entropy -= x > 0 ? x * std::log(x) : 0; }
    keep_share(p, {q, [&](double x) { return std::abs(-std::log(x) - entropy); }}, typical_p);
}

inline void keep_min_p(std::vector<double>& p, double min_p) {
    double const least = min_p * *std::max_element(p.begin(), p.end());
    for (double& x : p) { x = x >= least ? x : 0; }
}

/// p^power of what is not 0, the largest becomes 1.
inline void to_power(std::vector<double>& p, double power) {
    double const top = *std::max_element(p.begin(), p.end());
    for (double& x : p) { x = x > 0 ? std::pow(x / top, power) : 0; }
}

}  // namespace spikelet::detail
