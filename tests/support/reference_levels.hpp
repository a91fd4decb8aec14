// SPDX-License-Identifier: MIT
//
// Levels of graded spikes and what stands for their slope, counted threshold by threshold in
// double.
#pragma once

#include <spikelet/kernels/levels.hpp>

#include <support/reference_lif.hpp>

namespace spikelet::reference {

/// How many thresholds u has passed.
template <class S>
int level_at(double u, EventLevels<S> levels) {
    int level = 0;
    for (int n = 1; n <= levels.most; ++n) {
        double const threshold = n - EventLevels<S>::rho;
        if (u >= threshold) { ++level; }
        if (EventLevels<S>::has_sign && u <= -threshold) { --level; }
    }
    return level;
}

/// The sum of the surrogate's bumps at all thresholds.
template <class S, class Surrogate>
double slope_at(Surrogate surrogate, double u, EventLevels<S> levels) {
    double sum = 0;
    for (int n = 1; n <= levels.most; ++n) {
        double const threshold = n - EventLevels<S>::rho;
        sum += slope_of(surrogate, u - threshold);
        if (EventLevels<S>::has_sign) { sum += slope_of(surrogate, u + threshold); }
    }
    return sum;
}

}  // namespace spikelet::reference
