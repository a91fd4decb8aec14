// SPDX-License-Identifier: MIT
//
// Numbers that carry a derivative along, for references of gradients.
#pragma once

namespace spikelet::reference {

/// A number and its derivative along some direction.
struct Dual {
    double value = 0;
    double slope = 0;

    friend Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.slope + b.slope}; }
    friend Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.slope - b.slope}; }
    friend Dual operator*(Dual a, Dual b) {
        return {a.value * b.value, a.value * b.slope + a.slope * b.value};
    }
    friend Dual operator/(Dual a, Dual b) {
        double const quotient = a.value / b.value;
        return {quotient, (a.slope - quotient * b.slope) / b.value};
    }
};

}  // namespace spikelet::reference
