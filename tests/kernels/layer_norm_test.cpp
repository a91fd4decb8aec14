// SPDX-License-Identifier: MIT
#include <spikelet/kernels/layer_norm.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::layer_norm_test {
namespace {

constexpr double eps = 1e-5;

/// Inputs, and what the kernel makes of them.
template <class T, class Policy = Serial<>>
struct Norm {
    index rows, C;
    Policy policy{};
    std::vector<T> x = random_numbers<T>(rows * C, 1);
    std::vector<T> gain = random_numbers<T>(C, 2);
    std::vector<T> bias = random_numbers<T>(C, 3);
    std::vector<T> dy = random_numbers<T>(rows * C, 4);
    std::vector<T> dx = random_numbers<T>(rows * C, 5);
    std::vector<T> dgain = random_numbers<T>(C, 6);
    std::vector<T> dbias = random_numbers<T>(C, 7);
    std::vector<T> statistics = std::vector<T>(static_cast<std::size_t>(2 * rows), T(99));

    std::vector<T> forward() {
        std::vector<T> y(x.size(), T(99));
        kernels::LayerNorm<Policy>::forward(policy, rows, C, static_cast<T>(eps), x.data(),
                                            gain.data(), bias.data(), y.data(), statistics.data());
        return y;
    }
    void backward(bool with_gain = true, bool with_bias = true) {
        (void)forward();
        kernels::LayerNorm<Policy>::backward(
            policy, rows, C, x.data(), gain.data(), statistics.data(), dy.data(), dx.data(),
            with_gain ? dgain.data() : nullptr, with_bias ? dbias.data() : nullptr);
    }
};

TEST_CASE_TEMPLATE("layer_norm: equals the naive one", T, float, double) {
    each_odd_matrix([](index rows, index C) {
        Norm<T> norm{rows, C};
        auto const expected = reference::layer_norm(as_double(norm.x), as_double(norm.gain),
                                                    as_double(norm.bias), eps);
        CHECK(roundings(norm.forward(), expected) < 20);
    });
}

TEST_CASE_TEMPLATE("layer_norm: keeps mean and reciprocal deviation of each row", T, float,
                   double) {
    Norm<T> norm{3, 17};
    (void)norm.forward();
    auto const x = as_double(norm.x);
    for (index r = 0; r < 3; ++r) {
        auto const row = reference::row(x, r, 17);
        double const mean = reference::mean(row);
        double variance = 0;
        for (double v : row) { variance += (v - mean) * (v - mean) / 17; }
        auto const* const kept = norm.statistics.data() + 2 * r;
        CHECK(static_cast<double>(kept[0]) == doctest::Approx(mean));
        CHECK(static_cast<double>(kept[1]) == doctest::Approx(1 / std::sqrt(variance + eps)));
    }
}

TEST_CASE("layer_norm: a large offset loses only what the input has lost") {
    Norm<float> norm{1, 65};
    for (float& v : norm.x) { v += 1000; }
    auto const expected =
        reference::layer_norm(as_double(norm.x), as_double(norm.gain), as_double(norm.bias), eps);
    // The mean is off by some roundings of 1000, so is every difference from it.
    CHECK(roundings(norm.forward(), expected) < 1000);
}

TEST_CASE_TEMPLATE("layer_norm: equal numbers become the bias", T, float, double) {
    for (index const C : {1, 17, 64}) {
        Norm<T> norm{2, C};
        std::fill(norm.x.begin(), norm.x.end(), T(0.75));
        auto expected = as_double(norm.bias);
        auto const again = expected;
        expected.insert(expected.end(), again.begin(), again.end());
        CHECK(roundings(norm.forward(), expected) == 0);
    }
}

TEST_CASE_TEMPLATE("layer_norm: gradients equal finite differences and are added", T, float,
                   double) {
    each_odd_matrix([](index rows, index C) {
        Norm<T> norm{rows, C};
        Norm<double> twin{rows, C};
        twin.x = as_double(norm.x);
        twin.gain = as_double(norm.gain);
        twin.bias = as_double(norm.bias);
        auto const dy = as_double(norm.dy);
        auto const loss = [&] { return dot(dy, twin.forward()); };
        auto const dx = plus(as_double(norm.dx), slopes(loss, twin.x.data(), rows * C));
        auto const dgain = plus(as_double(norm.dgain), slopes(loss, twin.gain.data(), C));
        auto const dbias = plus(as_double(norm.dbias), slopes(loss, twin.bias.data(), C));
        norm.backward();
        CHECK(roundings(norm.dx, dx) < 4 * difference_roundings<T>);
        CHECK(roundings(norm.dgain, dgain) < 4 * difference_roundings<T>);
        CHECK(roundings(norm.dbias, dbias) < 4 * difference_roundings<T>);
    });
}

TEST_CASE("layer_norm: gain and bias are trained each without the other") {
    Norm<float> both{3, 17};
    both.backward();
    for (bool const gain : {false, true}) {
        for (bool const bias : {false, true}) {
            Norm<float> some{3, 17};
            some.backward(gain, bias);
            Norm<float> const fresh{3, 17};
            CHECK(same_bits(some.dx, both.dx));
            CHECK(same_bits(some.dgain, gain ? both.dgain : fresh.dgain));
            CHECK(same_bits(some.dbias, bias ? both.dbias : fresh.dbias));
        }
    }
}

TEST_CASE_TEMPLATE("layer_norm: same bits for one and several threads", T, float, double) {
    check_threads([]<class Policy>(Policy policy) {
        Norm<T, Policy> norm{301, 130, policy};
        auto const y = norm.forward();
        norm.backward();
        return bits_of(y, norm.statistics, norm.dx, norm.dgain, norm.dbias);
    });
}

TEST_CASE_TEMPLATE("layer_norm: a row does not depend on how many there are", T, float, double) {
    Norm<T> all{5, 19};
    auto const y = all.forward();
    for (index r = 0; r < 5; ++r) {
        Norm<T> one{1, 19};
        one.x.assign(all.x.begin() + r * 19, all.x.begin() + (r + 1) * 19);
        CHECK(
            same_bits(one.forward(), std::vector<T>(y.begin() + r * 19, y.begin() + (r + 1) * 19)));
    }
}

}  // namespace
}  // namespace spikelet::test::layer_norm_test
