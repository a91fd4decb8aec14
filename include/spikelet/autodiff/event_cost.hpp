// SPDX-License-Identifier: MIT
// What events cost while a model learns. An event of level n that is read by `fan_out` outputs
// costs n fan_out additions where matrices read events; the cost of a pass is their mean over its
// tokens. A Tape with a price adds price times cost to whatever it differentiates.
#pragma once

#include <limits>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>

namespace spikelet {

/// Adds up the cost of a pass. With a price of 0, as at first, nothing is added up. Each backward()
/// over a pass charges the events that its gradients reach; total() counts all that were fired.
template <class T>
class EventCost {
public:
    /// From the next pass on; `price` is per level and output, lambda / event_synapses(model) say.
    /// Throws Error unless it is a number that is not below 0: there are no synapses to divide by
    /// where the nodes of a model do not know their fan-out.
    constexpr void set_price(double price) {
        if (!(price >= 0 && price <= (std::numeric_limits<double>::max)())) {
            fail("event cost", "a price must be a finite number, at least 0; has every event node "
                               "its fan_out?");
        }
        next_price_ = price;
    }
    /// Whether events of this pass cost anything.
    [[nodiscard]] constexpr bool has_price() const { return price_ != 0; }

    /// The cost of the last pass.
    [[nodiscard]] constexpr double total() const { return total_; }

    // For ops and contexts.

    /// `levels` were fired in `rows` rows, each of which `fan_out` outputs read.
    constexpr void add(double levels, index fan_out, index rows) {
        if (rows > 0) {
            total_ += levels * static_cast<double>(fan_out) / static_cast<double>(rows);
        }
    }
    /// What one more level adds to what is differentiated.
    [[nodiscard]] constexpr T of_a_level(index fan_out, index rows) const {
        double const each = seed_ * price_ * static_cast<double>(fan_out);
        return rows > 0 ? static_cast<T>(each / static_cast<double>(rows)) : T(0);
    }
    /// The cost is 0 again, and a new price counts.
    constexpr void start_pass() {
        total_ = 0;
        price_ = next_price_;
    }
    /// How much of the pass is differentiated.
    constexpr void set_seed(double seed) { seed_ = seed; }

private:
    double next_price_ = 0;
    double price_ = 0;
    double total_ = 0;
    double seed_ = 1;
};

/// What one more level adds to what a context differentiates; 0 where it differentiates nothing.
template <class Ctx>
constexpr typename Ctx::scalar cost_of_a_level(Ctx& context, index fan_out, index rows) {
    if constexpr (Ctx::records) {
        return context.event_cost().of_a_level(fan_out, rows);
    } else {
        return 0;
    }
}

}  // namespace spikelet
