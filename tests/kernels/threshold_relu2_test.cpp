// SPDX-License-Identifier: MIT
#include <spikelet/kernels/threshold_relu2.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/threads.hpp>

namespace spikelet::test::threshold_relu2_test {
namespace {

/// Inputs, and what the kernel makes of them.
template <class T, class Policy = Serial<>>
struct ReluRun {
    using Kernel = kernels::ThresholdRelu2<Policy>;

    index rows, C;
    T cost = 0;
    Policy policy{};
    std::vector<T> x = random_numbers<T>(rows * C, 1);
    std::vector<T> threshold = random_numbers<T>(C, 2);
    std::vector<T> dy = random_numbers<T>(rows * C, 3);
    std::vector<T> dx = random_numbers<T>(rows * C, 4);
    std::vector<T> dthreshold = random_numbers<T>(C, 5);

    [[nodiscard]] std::vector<T> forward() const {
        std::vector<T> y(x.size(), T(99));
        Kernel::forward(policy, rows, C, x.data(), threshold.data(), y.data());
        return y;
    }
    /// For each row how many channels are active, their steps smoothed.
    [[nodiscard]] std::vector<T> active() const {
        std::vector<T> sums(static_cast<std::size_t>(rows), T(99));
        Kernel::smoothed_events(policy, rows, C, x.data(), threshold.data(), sums.data());
        return sums;
    }
    void backward(bool fresh = false) {
        Kernel::backward(policy, rows, C, x.data(), threshold.data(), dy.data(), cost,
                         Accumulator<T>(dx.data(), fresh), dthreshold.data());
    }
    /// How far element i is above its threshold.
    [[nodiscard]] double above(std::size_t i) const {
        return static_cast<double>(x[i]) - static_cast<double>(threshold[i % threshold.size()]);
    }
};

template <class F>
void each_matrix(F&& f) {
    for (index const rows : {1, 3}) {
        for (index const C : {1, 7, 63, 64, 65, 130}) {
            CAPTURE(rows);
            CAPTURE(C);
            f(rows, C);
        }
    }
}

TEST_CASE_TEMPLATE("threshold_relu2: squares what is above the threshold, smooth events are a "
                   "sigmoid's",
                   T, float, double) {
    each_matrix([](index rows, index C) {
        ReluRun<T> const run{rows, C};
        std::vector<double> y;
        std::vector<double> active(static_cast<std::size_t>(rows));
        for (std::size_t i = 0; i < run.x.size(); ++i) {
            y.push_back(run.above(i) > 0 ? run.above(i) * run.above(i) : 0);
            active[i / static_cast<std::size_t>(C)] += reference::sigmoid(run.above(i));
        }
        CHECK(roundings(run.forward(), y) < 8);
        CHECK(roundings(run.active(), active) < 16);
    });
}

TEST_CASE_TEMPLATE("threshold_relu2: right at the threshold and for what is far below it is silent",
                   T, float, double) {
    ReluRun<T> run{1, 4};
    run.threshold = {T(0.5), T(0.5), T(-2), T(0)};
    run.x = {T(0.5), std::numeric_limits<T>::lowest(), T(-2), -std::numeric_limits<T>::infinity()};
    CHECK(run.forward() == std::vector<T>(4));
}

/// With what is no number at place i of x, or of the thresholds.
template <class T>
void check_nan(ReluRun<T> run, std::size_t i, bool in_threshold) {
    auto const channels = static_cast<std::size_t>(run.C);
    (in_threshold ? run.threshold : run.x)[i] = std::numeric_limits<T>::quiet_NaN();
    auto const y = run.forward();
    run.backward();
    bool right = true;
    for (std::size_t j = 0; j < y.size(); ++j) {
        bool const meant = in_threshold ? j % channels == i : j == i;
        right = right && std::isnan(y[j]) == meant && std::isnan(run.dx[j]) == meant;
    }
    for (std::size_t c = 0; c < channels; ++c) {
        right = right && std::isnan(run.dthreshold[c]) == (c == i % channels);
    }
    CHECK(right);
}

TEST_CASE_TEMPLATE("threshold_relu2: NaN goes through, there and back, and harms no neighbour", T,
                   float, double) {
    for (index const C : {1, 7, 65}) {
        for (T const cost : {T(0), T(0.5)}) {
            ReluRun<T> const run{2, C, cost};
            for (std::size_t i = 0; i < run.x.size(); ++i) { check_nan(run, i, false); }
            for (std::size_t c = 0; c < run.threshold.size(); ++c) { check_nan(run, c, true); }
        }
    }
}

template <class T>
void check_gradients(double cost) {
    each_matrix([&](index rows, index C) {
        ReluRun<T> run{rows, C, static_cast<T>(cost)};
        ReluRun<double> twin{rows, C};
        twin.x = as_double(run.x);
        twin.threshold = as_double(run.threshold);
        auto const dy = as_double(run.dy);
        auto const loss = [&] {
            auto const active = twin.active();
            return dot(dy, twin.forward()) +
                   cost * dot(active, std::vector<double>(active.size(), 1.0));
        };
        auto const dx = plus(as_double(run.dx), slopes(loss, twin.x.data(), rows * C));
        auto const dthreshold =
            plus(as_double(run.dthreshold), slopes(loss, twin.threshold.data(), C));
        run.backward();
        CHECK(roundings(run.dx, dx) < 4 * difference_roundings<T>);
        CHECK(roundings(run.dthreshold, dthreshold) < 4 * difference_roundings<T>);
    });
}

TEST_CASE_TEMPLATE("threshold_relu2: gradients equal finite differences, with costs and without, "
                   "and are added",
                   T, float, double) {
    check_gradients<T>(0);
    check_gradients<T>(0.75);
}

TEST_CASE_TEMPLATE("threshold_relu2: a fresh gradient has the bits of zeros that were there", T,
                   float, double) {
    ReluRun<T> found{3, 65, T(0.5)};
    std::fill(found.dx.begin(), found.dx.end(), T(0));
    found.backward();
    ReluRun<T> fresh{3, 65, T(0.5)};
    fresh.backward(true);
    CHECK(same_bits(fresh.dx, found.dx));
    CHECK(same_bits(fresh.dthreshold, found.dthreshold));
}

TEST_CASE("threshold_relu2: input and thresholds have their gradients each without the other") {
    ReluRun<float> both{3, 65, 0.5F};
    auto some = both;
    auto const untouched = both;
    both.backward();
    auto const backward = [&](float* dx, float* dthreshold) {
        kernels::ThresholdRelu2<Serial<>>::backward({}, 3, 65, some.x.data(), some.threshold.data(),
                                                    some.dy.data(), 0.5F, dx, dthreshold);
    };
    backward(some.dx.data(), nullptr);
    CHECK(same_bits(some.dx, both.dx));
    CHECK(same_bits(some.dthreshold, untouched.dthreshold));
    backward(nullptr, some.dthreshold.data());
    CHECK(same_bits(some.dx, both.dx));
    CHECK(same_bits(some.dthreshold, both.dthreshold));
}

TEST_CASE_TEMPLATE("threshold_relu2: same bits for one and several threads", T, float, double) {
    check_threads([]<class Policy>(Policy policy) {
        ReluRun<T, Policy> run{601, 130, T(0.5), policy};
        run.backward();
        return bits_of(run.forward(), run.active(), run.dx, run.dthreshold);
    });
}

TEST_CASE("threshold_relu2: a row's smooth events do not depend on how many rows there are") {
    ReluRun<float> const all{5, 19};
    auto const active = all.active();
    for (index r = 0; r < 5; ++r) {
        ReluRun<float> one{1, 19};
        one.x.assign(all.x.begin() + r * 19, all.x.begin() + (r + 1) * 19);
        CHECK(one.active()[0] == active[static_cast<std::size_t>(r)]);
    }
}

}  // namespace
}  // namespace spikelet::test::threshold_relu2_test
