// SPDX-License-Identifier: MIT
#include <spikelet/ops/fired.hpp>

#include <cstdlib>

#include <doctest/doctest.h>

#include <spikelet/autodiff/tape.hpp>

#include <support/values.hpp>

namespace spikelet::test::fired_test {
namespace {

/// What events cost that `fan_out` outputs read.
template <class S>
double cost_of(Tensor<S, dyn, dyn> const& events, index fan_out, double price) {
    Tape tape;
    tape.event_cost().set_price(price);
    detail::add_event_cost(tape.begin(events.view()), fan_out);
    return tape.event_cost().total();
}

TEST_CASE_TEMPLATE("events: cost their levels times what they feed, on average over the rows", S,
                   bit, graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    for (index const channels : {1, 64, 130}) {
        auto const events = random_values<S>(Extents<dyn, dyn>(8, channels), 1);
        double levels = 0;
        for (index r = 0; r < 8; ++r) {
            for (index c = 0; c < channels; ++c) {
                levels += std::abs(static_cast<int>(events(r, c)));
            }
        }
        CHECK(cost_of(events, 3, 1.0) == levels * 3 / 8);
        // The price is what the cost is multiplied with, later on.
        CHECK(cost_of(events, 3, 0.25) == levels * 3 / 8);
        CHECK(cost_of(events, 0, 1.0) == 0);
        CHECK(cost_of(events, 3, 0.0) == 0);
    }
    CHECK(cost_of(random_values<S>(Extents<dyn, dyn>(8, 130), 1), 3, 1.0) > 10);
}

}  // namespace
}  // namespace spikelet::test::fired_test
