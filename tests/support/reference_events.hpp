// SPDX-License-Identifier: MIT
//
// Event nodes as their formulas read: one channel at a time, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <support/reference.hpp>
#include <support/reference_levels.hpp>

namespace spikelet::reference {

/// What a threshold counts as.
inline double counted(double threshold) { return std::max(threshold, 1e-3); }

struct NodeGradient {
    Numbers dx;
    Numbers dthreshold;
};

/// Gradients of rows u [rows,C], numbers in units of thresholds, of what is differentiated:
/// devents, and `cost` for each level.
template <class S, class Surrogate>
NodeGradient back_through_node(EventLevels<S> levels, Surrogate surrogate, Numbers const& u,
                               Numbers const& threshold, Numbers const& devents, double cost) {
    NodeGradient gradient{Numbers(u.size()), Numbers(threshold.size())};
    for (std::size_t i = 0; i < u.size(); ++i) {
        double const th = threshold[i % threshold.size()];
        int const level = level_at(u[i], levels);
        double const paid = level == 0 ? 0 : level > 0 ? cost : -cost;
        double const du = slope_at(surrogate, u[i], levels) * (devents[i] + paid);
        gradient.dx[i] = du / counted(th);
        // u = x / threshold, where that is no constant.
        if (th >= 1e-3) { gradient.dthreshold[i % threshold.size()] -= du * u[i] / th; }
    }
    return gradient;
}

/// What the arctan surrogate of slope 2 is the derivative of: at every threshold a step as smooth
/// as that of the arctan.
template <class S>
double smooth_level(double u, EventLevels<S> levels) {
    auto const step = [](double x) {
        return std::atan(std::numbers::pi * x) / std::numbers::pi + 0.5;
    };
    double level = 0;
    for (int n = 1; n <= levels.most; ++n) {
        double const threshold = n - EventLevels<S>::rho;
        level += step(u - threshold);
        if (EventLevels<S>::has_sign) { level -= step(-u - threshold); }
    }
    return level;
}

}  // namespace spikelet::reference
