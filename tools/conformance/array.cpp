// SPDX-License-Identifier: MIT
#include "conformance/array.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace conformance {

double difference(std::vector<double> const& ours, std::vector<double> const& reference,
                  Measure measure) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    if (ours.size() != reference.size()) { return infinite; }
    double worst = 0;
    double largest = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        double const d = ours[i] == reference[i] ? 0.0 : std::abs(ours[i] - reference[i]);
        worst = std::isnan(d) ? infinite : std::max(worst, d);
        largest = std::max(largest, std::abs(reference[i]));
    }
    switch (measure) {
    case Measure::absolute:
        break;
    case Measure::scaled:
        return worst / std::max(1.0, largest);
    case Measure::relative:
        return largest > 0 ? worst / largest : worst;
    }
    return worst;
}

}  // namespace conformance
