// SPDX-License-Identifier: MIT
#include <spikelet/train/activity.hpp>

#include <cstdlib>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>

#include <support/values.hpp>

namespace spikelet::test::activity_test {
namespace {

struct Sum final : Observer {
    std::vector<Activity> seen;
    void see(Tap const& tap) override { seen.push_back(activity(tap)); }
};

struct Visits final : Observer {
    std::vector<std::pair<index, index>> seen;
    void see(Tap const& tap) override {
        each_active(tap, [&](index row, index element) { seen.emplace_back(row, element); });
    }
};

struct Anywhere {};

/// The activity of a tensor that a layer shows.
template <class T, class U, index... Es>
Activity shown(Tensor<U, Es...> const& x) {
    Sum sum;
    Forward<Serial<>, T> forward;
    forward.observe(&sum);
    tap(Anywhere{}, "x", forward.begin(x.view()));
    REQUIRE(sum.seen.size() == 1);
    return sum.seen[0];
}

TEST_CASE_TEMPLATE("activity: a number that is not zero is an event of one level", T, float,
                   double) {
    Tensor<T, dyn, dyn> x(Extents<dyn, dyn>(3, 5));
    CHECK(shown<T>(x).events == 0);
    x(0, 0) = T(7);
    x(1, 4) = T(-0.001);
    x(2, 2) = T(-0.0);
    Activity const sum = shown<T>(x);
    CHECK(sum.events == 2);
    CHECK(sum.levels == 2);
}

TEST_CASE_TEMPLATE("activity: spikes of all rows count, and their absolute values", S, bit,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    for (index const channels : {1, 64, 65, 130}) {
        auto const s = random_values<S>(Extents<dyn, dyn, dyn>(2, 3, channels), 1);
        Activity expected;
        for (index b = 0; b < 2; ++b) {
            for (index t = 0; t < 3; ++t) {
                for (index c = 0; c < channels; ++c) {
                    int const value = static_cast<int>(s(b, t, c));
                    expected += {value != 0 ? 1 : 0, std::abs(value)};
                }
            }
        }
        Activity const sum = shown<float>(s);
        CHECK(sum.events == expected.events);
        CHECK(sum.levels == expected.levels);
    }
}

TEST_CASE_TEMPLATE("activity: what is active is visited where it is, row by row", S, float, double,
                   bit, signed_graded<3>) {
    Tensor<S, dyn, dyn> x(Extents<dyn, dyn>(3, 70));
    if constexpr (SpikeKind<S>) {
        std::vector<int> row(70);
        row[1] = row[69] = 1;
        pack<S>(row.data(), 70, x.row(0));
        row[1] = 0;
        pack<S>(row.data(), 70, x.row(2));
    } else {
        x(0, 1) = x(0, 69) = x(2, 69) = -1;
    }
    Visits visits;
    Forward<Serial<>, std::conditional_t<SpikeKind<S>, float, S>> forward;
    forward.observe(&visits);
    tap(Anywhere{}, "x", forward.begin(std::as_const(x).view()));
    CHECK(visits.seen == std::vector<std::pair<index, index>>{{0, 1}, {0, 69}, {2, 69}});
}

}  // namespace
}  // namespace spikelet::test::activity_test
