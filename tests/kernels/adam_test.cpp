// SPDX-License-Identifier: MIT
#include <spikelet/kernels/adam.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::adam_test {
namespace {

constexpr kernels::AdamStep plain{.learning_rate = 0.01,
                                  .beta1 = 0.9,
                                  .beta2 = 0.99,
                                  .epsilon = 1e-6,
                                  .weight_decay = 0,
                                  .decoupled = false,
                                  .scale = 1,
                                  .count = 1};

/// Weights and moments.
template <class T, class Policy = Serial<>>
struct Weights {
    index n;
    Policy policy{};
    std::vector<T> w = random_numbers<T>(n, 1);
    std::vector<T> dw = std::vector<T>(static_cast<std::size_t>(n));
    std::vector<T> m = std::vector<T>(static_cast<std::size_t>(n));
    std::vector<T> v = std::vector<T>(static_cast<std::size_t>(n));

    void step(kernels::AdamStep s, std::vector<T> const& gradient) {
        dw = gradient;
        kernels::Adam<Policy>::step(policy, n, s, w.data(), dw.data(), m.data(), v.data());
    }
};

/// Ten steps with fresh gradients, against the paper's formulas.
template <class T>
void check_ten_steps(index n, kernels::AdamStep s) {
    Weights<T> weights{n};
    std::vector<reference::AdamWeight> naive;
    for (T w : weights.w) { naive.push_back({static_cast<double>(w)}); }
    for (int t = 1; t <= 10; ++t) {
        auto const gradient = random_numbers<T>(n, static_cast<std::uint64_t>(100 + t));
        s.count = t;
        weights.step(s, gradient);
        for (std::size_t i = 0; i < naive.size(); ++i) {
            double const old = naive[i].value;
            double g = s.scale * static_cast<double>(gradient[i]);
            if (!s.decoupled) { g += s.weight_decay * old; }
            naive[i].step(g, s.learning_rate, s.beta1, s.beta2, s.epsilon, t);
            if (s.decoupled) { naive[i].value -= s.learning_rate * s.weight_decay * old; }
        }
    }
    std::vector<double> w;
    std::vector<double> m;
    std::vector<double> v;
    for (auto const& weight : naive) {
        w.push_back(weight.value);
        m.push_back(weight.mean);
        v.push_back(weight.square);
    }
    CHECK(roundings(weights.w, w) < 32);
    CHECK(roundings(weights.m, m) < 16);
    CHECK(roundings(weights.v, v) < 16);
    CHECK(std::count(weights.dw.begin(), weights.dw.end(), T(0)) == n);
}

TEST_CASE_TEMPLATE("adam: ten steps equal the paper's, and clear the gradient", T, float, double) {
    each_odd_width([](index n) { check_ten_steps<T>(n, plain); });
}

TEST_CASE_TEMPLATE("adam: weight decay joins the gradient, or in AdamW the weight", T, float,
                   double) {
    auto s = plain;
    s.weight_decay = 0.1;
    check_ten_steps<T>(65, s);
    s.decoupled = true;
    check_ten_steps<T>(65, s);
}

TEST_CASE_TEMPLATE("adam: gradients are scaled before anything else", T, float, double) {
    auto s = plain;
    s.scale = 0.25;
    check_ten_steps<T>(65, s);
}

TEST_CASE("adam: the first step has the length of the learning rate, whatever the gradient") {
    Weights<double> weights{3};
    auto const start = weights.w;
    weights.step(plain, {1000, -0.01, 0});
    CHECK(weights.w[0] == doctest::Approx(start[0] - 0.01).epsilon(1e-3));
    CHECK(weights.w[1] == doctest::Approx(start[1] + 0.01).epsilon(1e-3));
    CHECK(weights.w[2] == start[2]);
}

TEST_CASE_TEMPLATE("adam: same bits for one and several threads", T, float, double) {
    auto s = plain;
    s.weight_decay = 0.1;
    check_threads([&]<class Policy>(Policy policy) {
        Weights<T, Policy> weights{50001, policy};
        for (int t = 1; t <= 2; ++t) {
            s.count = t;
            weights.step(s, random_numbers<T>(50001, 7));
        }
        return bits_of(weights.w, weights.m, weights.v);
    });
}

template <class T, class Policy = Serial<>>
double sum_of_squares(std::vector<T> const& x, Policy policy = {}) {
    using Squares = kernels::SumOfSquares<Policy>;
    auto const n = static_cast<index>(x.size());
    std::vector<double> partial(static_cast<std::size_t>(Squares::blocks(n)));
    return Squares::forward(policy, n, x.data(), partial.data());
}

TEST_CASE_TEMPLATE("sum_of_squares: equals the plain sum", T, float, double) {
    for (index const n : {0, 1, 15, 16, 17, 65, 2047, 2048, 2049, 5000}) {
        auto const x = random_numbers<T>(n, 1);
        auto const d = as_double(x);
        CHECK(sum_of_squares(x) == doctest::Approx(dot(d, d)).epsilon(1e-5));
    }
}

TEST_CASE_TEMPLATE("sum_of_squares: same bits for one and several threads", T, float, double) {
    auto const x = random_numbers<T>(200001, 1);
    check_threads([&](auto policy) { return sum_of_squares(x, policy); });
}

}  // namespace
}  // namespace spikelet::test::adam_test
