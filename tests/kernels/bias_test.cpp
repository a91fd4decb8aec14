// SPDX-License-Identifier: MIT
#include <spikelet/kernels/bias.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::bias_test {
namespace {

template <class T, class Policy = Serial<>>
struct BiasRun {
    index rows, C;
    Policy policy{};
    std::vector<T> x = random_numbers<T>(rows * C, 1);
    std::vector<T> bias = random_numbers<T>(C, 2);
    std::vector<T> dy = random_numbers<T>(rows * C, 3);
    std::vector<T> dx = random_numbers<T>(rows * C, 4);
    std::vector<T> dbias = random_numbers<T>(C, 5);
    std::vector<T> y = std::vector<T>(x.size(), T(99));

    void run() {
        kernels::Bias<Policy>::forward(policy, rows, C, x.data(), bias.data(), y.data());
        kernels::Bias<Policy>::backward(policy, rows, C, dy.data(), dx.data(), dbias.data());
    }
};

TEST_CASE_TEMPLATE("add_bias: values and gradients equal the naive ones", T, float, double) {
    each_odd_matrix([](index rows, index C) {
        BiasRun<T> in{rows, C};
        auto y = as_double(in.x);
        auto dx = as_double(in.dx);
        auto dbias = as_double(in.dbias);
        for (std::size_t i = 0; i < y.size(); ++i) {
            std::size_t const c = i % static_cast<std::size_t>(C);
            y[i] += static_cast<double>(in.bias[c]);
            dx[i] += static_cast<double>(in.dy[i]);
            dbias[c] += static_cast<double>(in.dy[i]);
        }
        in.run();
        CHECK(roundings(in.y, y) <= 1);
        CHECK(roundings(in.dx, dx) <= 1);
        CHECK(roundings(in.dbias, dbias) < 8);
    });
}

TEST_CASE_TEMPLATE("add_bias: same bits for one and several threads", T, float, double) {
    check_threads([]<class Policy>(Policy policy) {
        BiasRun<T, Policy> run{301, 130, policy};
        run.run();
        return bits_of(run.y, run.dx, run.dbias);
    });
}

TEST_CASE("add_bias: what is not trained has no gradient") {
    BiasRun<float> run{2, 17};
    kernels::Bias<Serial<>>::backward<float>({}, 2, 17, run.dy.data(), nullptr, nullptr);
    BiasRun<float> const fresh{2, 17};
    CHECK(same_bits(run.dbias, fresh.dbias));
}

}  // namespace
}  // namespace spikelet::test::bias_test
