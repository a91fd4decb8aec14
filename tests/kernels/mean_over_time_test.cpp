// SPDX-License-Identifier: MIT
#include <spikelet/kernels/mean_over_time.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::mean_over_time_test {
namespace {

/// Sequences of every length, the longest first, and what the kernel makes of them.
template <class T, class Policy = Serial<>>
struct MeanRun {
    kernels::Btc n;
    Policy policy{};
    std::vector<std::int32_t> lengths = every_length(n);
    std::vector<T> x = random_numbers<T>(n.B * n.T * n.C, 1);
    std::vector<T> dy = random_numbers<T>(n.B * n.C, 2);
    std::vector<T> dx = random_numbers<T>(n.B * n.T * n.C, 3);
    std::vector<T> y = std::vector<T>(dy.size(), T(99));

    static std::vector<std::int32_t> every_length(kernels::Btc n) {
        std::vector<std::int32_t> lengths;
        for (index b = 0; b < n.B; ++b) {
            lengths.push_back(static_cast<std::int32_t>(n.T - b % n.T));
        }
        return lengths;
    }
    [[nodiscard]] bool counts(index b, index t) const {
        return t < lengths[static_cast<std::size_t>(b)];
    }

    std::vector<T> forward() {
        kernels::MeanOverTime<Policy>::forward(policy, n, lengths.data(), x.data(), y.data());
        return y;
    }
    void backward(bool fresh = false) {
        kernels::MeanOverTime<Policy>::backward(policy, n, lengths.data(), dy.data(),
                                                Accumulator<T>(dx.data(), fresh));
    }
};

/// Calls f(b, t, c, i) for the i-th number of x.
template <class F>
void each_number(kernels::Btc n, F&& f) {
    for (index b = 0; b < n.B; ++b) {
        for (index t = 0; t < n.T; ++t) {
            for (index c = 0; c < n.C; ++c) {
                f(b, t, c, static_cast<std::size_t>((b * n.T + t) * n.C + c));
            }
        }
    }
}

TEST_CASE_TEMPLATE("mean_over_time: equals the naive one, and never reads behind an end", T, float,
                   double) {
    each_odd_sequence([](kernels::Btc n) {
        MeanRun<T> run{n};
        std::vector<double> y(run.y.size());
        std::vector<double> dx = as_double(run.dx);
        each_number(n, [&](index b, index t, index c, std::size_t i) {
            auto const to = static_cast<std::size_t>(b * n.C + c);
            if (!run.counts(b, t)) {
                run.x[i] = std::numeric_limits<T>::quiet_NaN();
                return;
            }
            double const steps = run.lengths[static_cast<std::size_t>(b)];
            y[to] += static_cast<double>(run.x[i]) / steps;
            dx[i] += static_cast<double>(run.dy[to]) / steps;
        });
        CHECK(roundings(run.forward(), y) < 8);
        run.backward();
        CHECK(roundings(run.dx, dx) <= 2);
    });
}

TEST_CASE_TEMPLATE("mean_over_time: a fresh gradient has the bits of zeros that were there", T,
                   float, double) {
    MeanRun<T> found{{3, 5, 65}};
    std::fill(found.dx.begin(), found.dx.end(), T(0));
    found.backward();
    MeanRun<T> fresh{{3, 5, 65}};
    fresh.backward(true);
    CHECK(same_bits(fresh.dx, found.dx));
}

TEST_CASE_TEMPLATE("mean_over_time: same bits for one and several threads, and for padding", T,
                   float, double) {
    check_threads([]<class Policy>(Policy policy) {
        MeanRun<T, Policy> run{{7, 41, 131}, policy};
        run.forward();
        run.backward();
        return bits_of(run.y, run.dx);
    });
    MeanRun<T> one{{1, 4, 19}};
    MeanRun<T> padded{{1, 9, 19}};
    padded.lengths = {4};
    CHECK(same_bits(padded.forward(), one.forward()));
}

TEST_CASE("mean_over_time: an input that is not trained has no gradient") {
    MeanRun<float> run{{2, 3, 17}};
    auto const before = run.dx;
    kernels::MeanOverTime<Serial<>>::backward<float>({}, run.n, run.lengths.data(), run.dy.data(),
                                                     nullptr);
    CHECK(same_bits(run.dx, before));
}

}  // namespace
}  // namespace spikelet::test::mean_over_time_test
