// SPDX-License-Identifier: MIT
#include <spikelet/kernels/rms_norm.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::rms_norm_test {
namespace {

constexpr double eps = 1e-3;

/// Inputs, and what the kernel makes of them.
template <class T, class Policy = Serial<>>
struct RmsRun {
    index rows, C;
    Policy policy{};
    std::vector<T> x = random_numbers<T>(rows * C, 1);
    std::vector<T> dy = random_numbers<T>(rows * C, 2);
    std::vector<T> dx = random_numbers<T>(rows * C, 3);
    std::vector<T> scales = std::vector<T>(static_cast<std::size_t>(rows), T(99));
    std::vector<T> y = std::vector<T>(x.size(), T(99));

    std::vector<T> forward(bool keep = true) {
        kernels::RmsNorm<Policy>::forward(policy, rows, C, static_cast<T>(eps), x.data(), y.data(),
                                          keep ? scales.data() : nullptr);
        return y;
    }
    void backward(bool fresh = false) {
        (void)forward();
        kernels::RmsNorm<Policy>::backward(policy, rows, C, y.data(), scales.data(), dy.data(),
                                           Accumulator<T>(dx.data(), fresh));
    }
};

/// 1 / sqrt(mean(x^2) + eps) of each row.
std::vector<double> reciprocals(std::vector<double> const& x, index rows, index C) {
    std::vector<double> result;
    for (index r = 0; r < rows; ++r) {
        double squares = 0;
        for (double const v : reference::row(x, r, C)) { squares += v * v; }
        result.push_back(1 / std::sqrt(squares / static_cast<double>(C) + eps));
    }
    return result;
}

TEST_CASE_TEMPLATE("rms_norm: equals the naive one, and keeps the scale of each row", T, float,
                   double) {
    each_odd_matrix([](index rows, index C) {
        RmsRun<T> run{rows, C};
        auto const scales = reciprocals(as_double(run.x), rows, C);
        auto y = as_double(run.x);
        for (std::size_t i = 0; i < y.size(); ++i) {
            y[i] *= scales[i / static_cast<std::size_t>(C)];
        }
        auto const ours = run.forward();
        CHECK(roundings(ours, y) < 20);
        CHECK(roundings(run.scales, scales) < 20);
        CHECK(same_bits(run.forward(false), ours));
    });
}

TEST_CASE_TEMPLATE("rms_norm: zeros stay zeros, tiny rows are not blown up", T, float, double) {
    RmsRun<T> run{2, 65};
    std::fill_n(run.x.begin(), 65, T(0));
    std::fill_n(run.x.begin() + 65, 65, T(1e-6));
    auto const y = run.forward();
    CHECK(std::count(y.begin(), y.begin() + 65, T(0)) == 65);
    // sqrt(eps) is all there is to divide by.
    CHECK(static_cast<double>(y[129]) == doctest::Approx(1e-6 / std::sqrt(eps)));
}

TEST_CASE_TEMPLATE("rms_norm: gradients equal finite differences and are added", T, float, double) {
    each_odd_matrix([](index rows, index C) {
        RmsRun<T> run{rows, C};
        RmsRun<double> twin{rows, C};
        twin.x = as_double(run.x);
        auto const dy = as_double(run.dy);
        auto const loss = [&] { return dot(dy, twin.forward()); };
        auto const dx = plus(as_double(run.dx), slopes(loss, twin.x.data(), rows * C));
        run.backward();
        CHECK(roundings(run.dx, dx) < 4 * difference_roundings<T>);
    });
}

TEST_CASE_TEMPLATE("rms_norm: a fresh gradient has the bits of zeros that were there", T, float,
                   double) {
    RmsRun<T> found{3, 65};
    std::fill(found.dx.begin(), found.dx.end(), T(0));
    found.backward();
    RmsRun<T> fresh{3, 65};
    fresh.backward(true);
    CHECK(same_bits(fresh.dx, found.dx));
}

TEST_CASE("rms_norm: an input that is not trained has no gradient") {
    RmsRun<float> run{2, 17};
    auto const y = run.forward();
    kernels::RmsNorm<Serial<>>::backward<float>({}, 2, 17, y.data(), run.scales.data(),
                                                run.dy.data(), nullptr);
    CHECK(same_bits(run.y, y));
}

TEST_CASE_TEMPLATE("rms_norm: same bits for one and several threads", T, float, double) {
    check_threads([]<class Policy>(Policy policy) {
        RmsRun<T, Policy> run{301, 130, policy};
        run.backward();
        return bits_of(run.y, run.scales, run.dx);
    });
}

TEST_CASE_TEMPLATE("rms_norm: a row does not depend on how many there are", T, float, double) {
    RmsRun<T> all{5, 19};
    auto const y = all.forward();
    for (index r = 0; r < 5; ++r) {
        RmsRun<T> one{1, 19};
        one.x.assign(all.x.begin() + r * 19, all.x.begin() + (r + 1) * 19);
        CHECK(
            same_bits(one.forward(), std::vector<T>(y.begin() + r * 19, y.begin() + (r + 1) * 19)));
    }
}

}  // namespace
}  // namespace spikelet::test::rms_norm_test
