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
#include <vector>

#include <spikelet/core/extents.hpp>

namespace spikelet::detail {

/// Makes numbers add up to 1.
inline void normalize(std::vector<double>& p) {
    double const sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& x : p) { x /= sum; }
}

/// Tokens by rising key; equals by rising id.
inline std::vector<std::size_t> ranked(std::vector<double> const& key) {
    std::vector<std::size_t> order(key.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t id) { return key[id]; });
    return order;
}

/// Tokens by falling probability; equals by rising id.
inline std::vector<std::size_t> likeliest_first(std::vector<double> const& p) {
    std::vector<double> key(p.size());
    std::ranges::transform(p, key.begin(), [](double x) { return -x; });
    return ranked(key);
}

/// Keeps the first tokens of `order` that together reach `share` of all.
inline void keep_share(std::vector<double>& p, std::vector<std::size_t> const& order,
                       double share) {
    double sum = 0;
    for (std::size_t const id : order) { sum += p[id]; }
    double within = 0;
    bool enough = false;
    for (std::size_t const id : order) {
        if (enough) { p[id] = 0; }
        within += p[id];
        enough = enough || within >= share * sum;
    }
}

inline void keep_top_k(std::vector<double>& p, index k) {
    auto const keep = static_cast<std::size_t>(k);
    if (keep == 0 || keep >= p.size()) { return; }
    auto const order = likeliest_first(p);
    for (std::size_t i = keep; i < order.size(); ++i) { p[order[i]] = 0; }
}

inline void keep_top_p(std::vector<double>& p, double top_p) {
    if (top_p < 1) { keep_share(p, likeliest_first(p), top_p); }
}

// A sum below top_p < 1 by rounding alone ends with the last token, which keeps all.
inline void keep_top_p_by_value(std::vector<double>& p, double top_p) {
    if (!(top_p < 1)) { return; }
    double least = 0;
    double within = 0;
    for (std::size_t const id : likeliest_first(p)) {
        within += p[id];
        if (within > top_p) {
            least = p[id];
            break;
        }
    }
    for (double& x : p) { x = x >= least ? x : 0; }
}

inline void keep_typical(std::vector<double>& p, double typical_p) {
    if (!(typical_p < 1)) { return; }
    auto q = p;
    normalize(q);
    double entropy = 0;
    for (double const x : q) { entropy -= x > 0 ? x * std::log(x) : 0; }
    std::vector<double> distance(q.size());
    std::ranges::transform(q, distance.begin(), [&](double x) {
        return x > 0 ? std::abs(-std::log(x) - entropy) : std::numeric_limits<double>::infinity();
    });
    keep_share(p, ranked(distance), typical_p);
}

inline void keep_min_p(std::vector<double>& p, double min_p) {
    double const least = min_p * std::ranges::max(p);
    for (double& x : p) { x = x >= least ? x : 0; }
}

/// p^power of what is not 0, the largest becomes 1.
inline void to_power(std::vector<double>& p, double power) {
    double const top = std::ranges::max(p);
    for (double& x : p) { x = x > 0 ? std::pow(x / top, power) : 0; }
}

}  // namespace spikelet::detail
