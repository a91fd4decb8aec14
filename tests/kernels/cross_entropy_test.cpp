// SPDX-License-Identifier: MIT
#include <spikelet/kernels/cross_entropy.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::cross_entropy_test {
namespace {

/// Inputs, and what the kernel makes of them.
template <class T, class Policy = Serial<>>
struct Loss {
    index rows, V;
    Policy policy{};
    std::vector<T> logits = random_numbers<T>(rows * V, 1);
    std::vector<std::int32_t> targets = random_targets();
    std::vector<T> dlogits = random_numbers<T>(rows * V, 2);
    std::vector<double> nats = std::vector<double>(static_cast<std::size_t>(rows), 99);
    std::vector<T> log_sum = std::vector<T>(static_cast<std::size_t>(2 * rows), T(99));

    double forward() {
        return kernels::CrossEntropy<Policy>::forward(policy, rows, V, logits.data(),
                                                      targets.data(), nats.data(), log_sum.data());
    }
    void backward(T dloss, bool l2_wrap) {
        (void)forward();
        kernels::CrossEntropy<Policy>::backward(policy, rows, V, logits.data(), targets.data(),
                                                log_sum.data(), dloss, l2_wrap, dlogits.data());
    }
    std::vector<std::int32_t> random_targets() const {
        Rng rng(3);
        std::vector<std::int32_t> ids(static_cast<std::size_t>(rows));
        for (auto& id : ids) { id = static_cast<std::int32_t>(rng.below(std::max<index>(V, 1))); }
        return ids;
    }
};

TEST_CASE_TEMPLATE("cross_entropy: equals minus the logarithm of the target's probability", T,
                   float, double) {
    each_odd_matrix([](index rows, index V) {
        Loss<T> loss{rows, V};
        double const mean = loss.forward();
        auto const logits = as_double(loss.logits);
        std::vector<double> expected;
        for (index r = 0; r < rows; ++r) {
            auto const p = reference::softmax(reference::row(logits, r, V));
            auto const target = loss.targets[static_cast<std::size_t>(r)];
            expected.push_back(-std::log(p[static_cast<std::size_t>(target)]));
        }
        std::vector<T> const nats(loss.nats.begin(), loss.nats.end());
        CHECK(roundings(nats, expected) < 16);
        CHECK(mean == doctest::Approx(reference::mean(expected)).epsilon(1e-5));
    });
}

TEST_CASE_TEMPLATE("cross_entropy: large logits neither overflow nor vanish", T, float, double) {
    Loss<T> loss{2, 17};
    std::fill(loss.logits.begin(), loss.logits.end(), T(-5000));
    loss.logits[3] = 5000;
    loss.targets = {3, 0};
    (void)loss.forward();
    CHECK(loss.nats[0] == 0);
    CHECK(loss.nats[1] == doctest::Approx(std::log(17)));
    loss.targets = {4, 0};
    (void)loss.forward();
    CHECK(loss.nats[0] == 10000);
    loss.backward(1, false);
    CHECK(std::all_of(loss.dlogits.begin(), loss.dlogits.end(),
                      [](T g) { return std::isfinite(g); }));
}

TEST_CASE_TEMPLATE("cross_entropy: the gradient equals finite differences and is added", T, float,
                   double) {
    each_odd_matrix([](index rows, index V) {
        Loss<T> loss{rows, V};
        Loss<double> twin{rows, V};
        twin.logits = as_double(loss.logits);
        auto const start = as_double(loss.dlogits);
        auto const expected = plus(
            start, slopes([&] { return 0.75 * twin.forward(); }, twin.logits.data(), rows * V));
        loss.backward(T(0.75), false);
        CHECK(roundings(loss.dlogits, expected) < difference_roundings<T>);
    });
}

TEST_CASE_TEMPLATE("cross_entropy: ignored targets do not count", T, float, double) {
    Loss<T> some{5, 17};
    some.targets[1] = some.targets[4] = ignored_target;
    Loss<T> kept{3, 17};
    auto const take = [&](auto& to, auto const& from, index width) {
        index const rows[3] = {0, 2, 3};
        for (index r = 0; r < 3; ++r) {
            std::copy_n(from.data() + rows[r] * width, width, to.data() + r * width);
        }
    };
    take(kept.logits, some.logits, 17);
    take(kept.targets, some.targets, 1);
    CHECK(some.forward() == kept.forward());
    CHECK(some.nats[1] == 0);
    auto const start = some.dlogits;
    take(kept.dlogits, some.dlogits, 17);
    some.backward(1, false);
    kept.backward(1, false);
    std::vector<T> rows(kept.dlogits.size());
    take(rows, some.dlogits, 17);
    CHECK(same_bits(rows, kept.dlogits));
    CHECK(std::equal(some.dlogits.begin() + 17, some.dlogits.begin() + 34, start.begin() + 17));
}

TEST_CASE_TEMPLATE("cross_entropy: a fresh gradient is that of zeros, for ignored targets, too", T,
                   float, double) {
    for (bool const l2_wrap : {false, true}) {
        Loss<T> zeros{3, 17};
        zeros.targets[1] = ignored_target;
        zeros.dlogits.assign(zeros.dlogits.size(), T(0));
        zeros.backward(2, l2_wrap);
        std::vector<T> fresh(zeros.dlogits.size(), std::numeric_limits<T>::quiet_NaN());
        kernels::CrossEntropy<Serial<>>::backward(serial, 3, 17, zeros.logits.data(),
                                                  zeros.targets.data(), zeros.log_sum.data(), T(2),
                                                  l2_wrap, Accumulator<T>(fresh.data(), true));
        CHECK(same_bits(fresh, zeros.dlogits));
    }
}

TEST_CASE("cross_entropy: with nothing but ignored targets the loss is zero") {
    Loss<float> loss{2, 5};
    loss.targets = {ignored_target, ignored_target};
    auto const start = loss.dlogits;
    CHECK(loss.forward() == 0);
    loss.backward(1, false);
    CHECK(same_bits(loss.dlogits, start));
}

TEST_CASE("cross_entropy: no rows, or no vocabulary but ignored targets, cost nothing") {
    for (index const rows : {0, 3}) {
        for (index const vocabulary : {0, 5}) {
            Loss<float> loss{rows, vocabulary};
            std::fill(loss.targets.begin(), loss.targets.end(), ignored_target);
            auto const start = loss.dlogits;
            CHECK(loss.forward() == 0);
            loss.backward(1, rows == 0 || vocabulary == 0);
            CHECK(loss.dlogits == start);
        }
    }
}

TEST_CASE("cross_entropy: L2Wrap pulls the largest logit of each row, whatever the loss counts") {
    for (double const dloss : {1.0, 0.0, 3.0}) {
        Loss<double> plain{4, 17};
        Loss<double> wrapped{4, 17};
        plain.backward(dloss, false);
        wrapped.backward(dloss, true);
        for (index r = 0; r < 4; ++r) {
            auto const z = reference::row(plain.logits, r, 17);
            double const largest = *std::max_element(z.begin(), z.end());
            for (std::size_t v = 0; v < 17; ++v) {
                auto const i = static_cast<std::size_t>(r) * 17 + v;
                double const pull = z[v] == largest ? 1e-4 / 4 * largest : 0;
                CHECK(wrapped.dlogits[i] - plain.dlogits[i] == doctest::Approx(pull));
            }
        }
    }
}

TEST_CASE_TEMPLATE("cross_entropy: what the target's gradient loses is not rounded before", T,
                   float, double) {
    Loss<T> loss{3, 17};
    // The targets' probability is zero: they gain nothing.
    std::fill(loss.logits.begin(), loss.logits.end(), T(-5000));
    for (std::size_t r = 0; r < 3; ++r) { loss.logits[r * 17 + 16] = 5000; }
    loss.targets = {0, 5, 9};
    auto const dloss = T(0.7);
    T const share = T(1) / T(3);
    T const rounded = dloss * share;
    std::fill(loss.dlogits.begin(), loss.dlogits.end(), rounded);
    loss.backward(dloss, false);
    T const error = std::fma(-dloss, share, rounded);
    CHECK(error != 0);
    CHECK(loss.dlogits[0] == error);
    CHECK(loss.dlogits[17 + 5] == error);
    CHECK(loss.dlogits[34 + 9] == error);
}

TEST_CASE("cross_entropy: L2Wrap pulls every row alike, those of ignored targets, too") {
    Loss<double> counted{4, 17};
    counted.backward(0, true);
    Loss<double> some{4, 17};
    some.targets[1] = some.targets[2] = ignored_target;
    some.backward(0, true);
    CHECK(same_bits(some.dlogits, counted.dlogits));
}

TEST_CASE_TEMPLATE("cross_entropy: same bits for one and several threads", T, float, double) {
    check_threads([]<class Policy>(Policy policy) {
        Loss<T, Policy> loss{301, 130, policy};
        std::vector<double> const mean{loss.forward()};
        loss.backward(1, true);
        return bits_of(mean, loss.nats, loss.log_sum, loss.dlogits);
    });
}

}  // namespace
}  // namespace spikelet::test::cross_entropy_test
