// SPDX-License-Identifier: MIT
#include <spikelet/kernels/event_node.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/surrogate.hpp>

#include <support/numbers.hpp>
#include <support/reference_events.hpp>
#include <support/threads.hpp>

namespace spikelet::test::event_node_test {
namespace {

/// Thresholds around 1/2, of which every seventh is too small to count as it is.
template <class T>
std::vector<T> some_thresholds(index n, std::uint64_t seed) {
    auto thresholds = random_numbers<T>(n, seed);
    for (std::size_t c = 0; c < thresholds.size(); ++c) {
        T const small[3] = {T(9e-4), T(0), T(-0.5)};
        thresholds[c] = c % 7 == 6 ? small[c / 7 % 3] : T(0.3) + std::abs(thresholds[c]) / 4;
    }
    return thresholds;
}

/// Inputs, and what the kernel makes of them.
template <class S, class T, class Policy = Serial<>>
struct NodeRun {
    index rows, C;
    EventLevels<S> levels{};
    T cost = 0;
    Policy policy{};
    std::vector<T> x = random_numbers<T>(rows * C, 1);
    std::vector<T> threshold = some_thresholds<T>(C, 2);
    std::vector<T> devents = random_numbers<T>(rows * C, 3);
    std::vector<T> dx = random_numbers<T>(rows * C, 4);
    std::vector<T> dthreshold = random_numbers<T>(C, 5);
    std::vector<T> u = std::vector<T>(x.size(), T(99));
    std::vector<word> events =
        std::vector<word>(static_cast<std::size_t>(rows * Element<S>::row_units(C)), ~word{0});

    void forward(bool keep = true) {
        kernels::EventNode<Policy, S>::forward(policy, rows, C, levels, x.data(), threshold.data(),
                                               events.data(), keep ? u.data() : nullptr);
    }
    template <class Surrogate = Arctan>
    void backward(Surrogate surrogate = {}, bool fresh = false) {
        kernels::EventNode<Policy, S>::backward(
            policy, rows, C, levels, surrogate, u.data(), threshold.data(), devents.data(), cost,
            Accumulator<T>(dx.data(), fresh), dthreshold.data());
    }

    /// The levels of the u that was kept, packed.
    [[nodiscard]] std::vector<word> expected() const {
        std::vector<word> packed(events.size());
        std::vector<int> row(static_cast<std::size_t>(C));
        for (index r = 0; r < rows; ++r) {
            for (index c = 0; c < C; ++c) {
                auto const at = static_cast<double>(u[static_cast<std::size_t>(r * C + c)]);
                row[static_cast<std::size_t>(c)] = reference::level_at(at, levels);
            }
            pack<S>(row.data(), C, packed.data() + r * Element<S>::row_units(C));
        }
        return packed;
    }
};

/// Calls f(rows, channels, levels).
template <class S, class F>
void each_node(F&& f) {
    for (index const rows : {1, 3}) {
        for (index const C : {1, 7, 63, 64, 65, 130}) {
            for (int const most : {1, EventLevels<S>::highest}) {
                CAPTURE(rows);
                CAPTURE(C);
                CAPTURE(most);
                f(rows, C, EventLevels<S>{most});
            }
        }
    }
}

template <class S, class T>
void check_forward() {
    each_node<S>([](index rows, index C, EventLevels<S> levels) {
        NodeRun<S, T> run{rows, C, levels};
        run.forward();
        std::vector<double> u;
        for (std::size_t i = 0; i < run.x.size(); ++i) {
            auto const th = static_cast<double>(run.threshold[i % run.threshold.size()]);
            u.push_back(static_cast<double>(run.x[i]) / reference::counted(th));
        }
        CHECK(roundings(run.u, u) < 3);
        // Packed with the same function as the expected ones: padding has no bits.
        CHECK(run.events == run.expected());
        auto const events = run.events;
        run.events.assign(events.size(), ~word{0});
        run.forward(false);
        CHECK(run.events == events);
    });
}

TEST_CASE_TEMPLATE("event_node: events are the levels of numbers in units of thresholds", S, bit,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    check_forward<S, float>();
    check_forward<S, double>();
}

template <class S, class T, class Surrogate>
void check_backward(Surrogate surrogate, double tolerance) {
    each_node<S>([&](index rows, index C, EventLevels<S> levels) {
        for (T const cost : {T(0), T(0.75)}) {
            NodeRun<S, T> run{rows, C, levels, cost};
            auto const dx = as_double(run.dx);
            auto const dthreshold = as_double(run.dthreshold);
            run.forward();
            run.backward(surrogate);
            auto const g = reference::back_through_node(
                levels, surrogate, as_double(run.u), as_double(run.threshold),
                as_double(run.devents), static_cast<double>(cost));
            CHECK(roundings(run.dx, plus(dx, g.dx)) < tolerance);
            CHECK(roundings(run.dthreshold, plus(dthreshold, g.dthreshold)) < tolerance);
        }
    });
}

TEST_CASE_TEMPLATE("event_node: gradients are the surrogate's, with what a level costs, and added",
                   S, bit, graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    check_backward<S, double>(Arctan{}, 100);
    check_backward<S, float>(Arctan{}, 100);
    check_backward<S, double>(StraightThrough{}, 100);
    check_backward<S, double>(SigmoidSurrogate{}, 1000);
}

TEST_CASE_TEMPLATE("event_node: right at a threshold it has passed, right below it has not", T,
                   float, double) {
    auto const check = []<class S>(EventLevels<S> levels) {
        for (int n = 1; n <= levels.most; ++n) {
            NodeRun<S, T> run{1, 4, levels};
            // A power of two: nothing rounds.
            run.threshold.assign(4, T(0.25));
            T const at = static_cast<T>((n - EventLevels<S>::rho) * 0.25);
            T const below = std::nextafter(at, T(0));
            run.x = {at, below, -at, -below};
            run.forward();
            int const sign = EventLevels<S>::has_sign ? -1 : 0;
            std::vector<int> events(4);
            unpack<S>(run.events.data(), 4, events.data());
            CHECK(events == std::vector<int>{n, n - 1, sign * n, sign * (n - 1)});
        }
    };
    check(EventLevels<bit>{});
    check(EventLevels<graded<4>>{});
    check(EventLevels<signed_graded<3>>{});
    check(EventLevels<trit>{});
}

TEST_CASE_TEMPLATE("event_node: what is no number has no level, what is infinite the most", S, bit,
                   graded<2>, graded<3>, graded<4>, signed_graded<3>, trit) {
    auto const check = []<class T>(T) {
        T const infinity = std::numeric_limits<T>::infinity();
        T const nan = std::numeric_limits<T>::quiet_NaN();
        T const largest = std::numeric_limits<T>::max();
        NodeRun<S, T> run{1, 6};
        run.threshold.assign(6, T(1e-9));  // counts as 1e-3: the largest number becomes infinite
        run.x = {nan, infinity, -infinity, largest, -largest, -nan};
        run.forward();
        int const most = EventLevels<S>::highest;
        int const least = EventLevels<S>::has_sign ? -most : 0;
        std::vector<int> events(6);
        unpack<S>(run.events.data(), 6, events.data());
        CHECK(events == std::vector<int>{0, most, least, most, least, 0});
    };
    check(float{});
    check(double{});
}

TEST_CASE("event_node: a threshold that does not count as it is has no gradient, its input has") {
    NodeRun<graded<3>, double> run{5, 3};
    run.threshold = {1e-3, std::nextafter(1e-3, 0.0), -4.0};
    run.x.assign(run.x.size(), 1.5e-3);
    run.devents.assign(run.devents.size(), 1.0);
    run.dthreshold.assign(3, 0.0);
    run.dx.assign(run.dx.size(), 0.0);
    run.forward();
    run.backward();
    CHECK(run.dthreshold[0] < 0);
    CHECK(run.dthreshold[1] == 0);
    CHECK(run.dthreshold[2] == 0);
    CHECK(run.dx[0] > 1);
    CHECK(run.dx[1] == run.dx[0]);
    CHECK(run.dx[2] == run.dx[0]);
}

TEST_CASE_TEMPLATE("event_node: a threshold that is no number shows in the gradients", T, float,
                   double) {
    NodeRun<graded<3>, T> run{2, 65};
    run.threshold[17] = std::numeric_limits<T>::quiet_NaN();
    run.forward();
    run.backward();
    bool right = true;
    for (std::size_t i = 0; i < run.dx.size(); ++i) {
        right = right && std::isnan(run.dx[i]) == (i % 65 == 17);
        right = right && std::isnan(run.dthreshold[i % 65]) == (i % 65 == 17);
    }
    CHECK(right);
}

TEST_CASE("event_node: a silent event does not cost anything, whatever a level costs") {
    NodeRun<signed_graded<3>, double> cheap{1, 130};
    NodeRun<signed_graded<3>, double> dear{1, 130, {}, 2.0};
    for (auto* run : {&cheap, &dear}) {
        run->threshold.assign(130, 1.0);
        run->forward();
        run->backward({}, true);
    }
    int silent = 0;
    for (std::size_t c = 0; c < 130; ++c) {
        bool const is_silent = reference::level_at(cheap.u[c], cheap.levels) == 0;
        bool const same = cheap.dx[c] == dear.dx[c];
        CHECK(same == is_silent);
        silent += is_silent ? 1 : 0;
    }
    CHECK(silent > 10);
    CHECK(silent < 120);
}

TEST_CASE_TEMPLATE("event_node: a fresh gradient has the bits of zeros that were there", T, float,
                   double) {
    for (index const C : {1, 65}) {
        NodeRun<graded<3>, T> found{3, C};
        found.dx.assign(found.dx.size(), T(0));
        found.forward();
        found.backward();
        NodeRun<graded<3>, T> fresh{3, C};
        fresh.forward();
        fresh.backward({}, true);
        CHECK(same_bits(fresh.dx, found.dx));
        CHECK(same_bits(fresh.dthreshold, found.dthreshold));
    }
}

TEST_CASE("event_node: input and thresholds have their gradients each without the other") {
    using S = graded<3>;
    NodeRun<S, float> both{3, 65};
    both.forward();
    auto some = both;
    both.backward();
    auto const backward = [&](float* dx, float* dthreshold) {
        kernels::EventNode<Serial<>, S>::backward({}, 3, 65, {}, Arctan{}, some.u.data(),
                                                  some.threshold.data(), some.devents.data(), 0.0F,
                                                  dx, dthreshold);
    };
    backward(some.dx.data(), nullptr);
    CHECK(same_bits(some.dx, both.dx));
    CHECK(same_bits(some.dthreshold, NodeRun<S, float>{3, 65}.dthreshold));
    backward(nullptr, some.dthreshold.data());
    CHECK(same_bits(some.dx, both.dx));
    CHECK(same_bits(some.dthreshold, both.dthreshold));
}

TEST_CASE_TEMPLATE("event_node: same bits for one and several threads", S, graded<3>,
                   signed_graded<3>) {
    check_threads([]<class Policy>(Policy policy) {
        NodeRun<S, float, Policy> run{601, 130, {}, 0.5F, policy};
        run.forward();
        run.backward();
        return bits_of(run.events, run.u, run.dx, run.dthreshold);
    });
    check_threads([]<class Policy>(Policy policy) {
        NodeRun<S, double, Policy> run{601, 130, {}, 0.5, policy};
        run.forward();
        run.backward();
        return bits_of(run.events, run.u, run.dx, run.dthreshold);
    });
}

}  // namespace
}  // namespace spikelet::test::event_node_test
