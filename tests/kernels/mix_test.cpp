// SPDX-License-Identifier: MIT
#include <spikelet/kernels/mix.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::mix_test {
namespace {

/// Inputs, and what the kernel makes of them.
template <class T, class Policy = Serial<>>
struct Mixing {
    index rows, C;
    Policy policy{};
    std::vector<T> x = random_numbers<T>(rows * C, 1);
    std::vector<T> past = random_numbers<T>(rows * C, 2);
    std::vector<T> m = random_numbers<T>(C, 3);
    std::vector<T> dy = random_numbers<T>(rows * C, 4);
    std::vector<T> dx = random_numbers<T>(rows * C, 5);
    std::vector<T> dpast = random_numbers<T>(rows * C, 6);
    std::vector<T> dm = random_numbers<T>(C, 7);

    std::vector<T> forward() const {
        std::vector<T> y(x.size(), T(99));
        kernels::Mix<Policy>::forward(policy, rows, C, x.data(), past.data(), m.data(), y.data());
        return y;
    }
    void backward() {
        kernels::Mix<Policy>::backward(policy, rows, C, x.data(), past.data(), m.data(), dy.data(),
                                       dx.data(), dpast.data(), dm.data());
    }
};

TEST_CASE_TEMPLATE("mix: equals x m + past (1 - m)", T, float, double) {
    each_odd_matrix([](index rows, index C) {
        Mixing<T> const mixing{rows, C};
        std::vector<double> expected;
        for (std::size_t i = 0; i < mixing.x.size(); ++i) {
            auto const m = static_cast<double>(mixing.m[i % mixing.m.size()]);
            expected.push_back(static_cast<double>(mixing.x[i]) * m +
                               static_cast<double>(mixing.past[i]) * (1 - m));
        }
        CHECK(roundings(mixing.forward(), expected) <= 4);
    });
}

TEST_CASE_TEMPLATE("mix: gradients equal finite differences and are added", T, float, double) {
    each_odd_matrix([](index rows, index C) {
        Mixing<T> mixing{rows, C};
        Mixing<double> twin{rows, C};
        twin.x = as_double(mixing.x);
        twin.past = as_double(mixing.past);
        twin.m = as_double(mixing.m);
        auto const dy = as_double(mixing.dy);
        auto const loss = [&] { return dot(dy, twin.forward()); };
        auto const dx = plus(as_double(mixing.dx), slopes(loss, twin.x.data(), rows * C));
        auto const dpast = plus(as_double(mixing.dpast), slopes(loss, twin.past.data(), rows * C));
        auto const dm = plus(as_double(mixing.dm), slopes(loss, twin.m.data(), C));
        mixing.backward();
        CHECK(roundings(mixing.dx, dx) < difference_roundings<T>);
        CHECK(roundings(mixing.dpast, dpast) < difference_roundings<T>);
        CHECK(roundings(mixing.dm, dm) < difference_roundings<T>);
    });
}

TEST_CASE("mix: weights that are not trained need no gradient") {
    Mixing<float> with{3, 17};
    Mixing<float> without{3, 17};
    with.backward();
    kernels::Mix<Serial<>>::backward<float>({}, 3, 17, without.x.data(), without.past.data(),
                                            without.m.data(), without.dy.data(), without.dx.data(),
                                            without.dpast.data(), nullptr);
    CHECK(same_bits(with.dx, without.dx));
    CHECK(same_bits(with.dpast, without.dpast));
}

TEST_CASE_TEMPLATE("mix: same bits for one and several threads", T, float, double) {
    check_threads([]<class Policy>(Policy policy) {
        Mixing<T, Policy> mixing{601, 130, policy};
        mixing.backward();
        return bits_of(mixing.forward(), mixing.dx, mixing.dpast, mixing.dm);
    });
}

TEST_CASE_TEMPLATE("mix: a row does not depend on how many there are", T, float, double) {
    Mixing<T> const all{5, 19};
    auto const y = all.forward();
    for (index r = 0; r < 5; ++r) {
        auto const part = [&](std::vector<T> const& v) {
            return std::vector<T>(v.begin() + r * 19, v.begin() + (r + 1) * 19);
        };
        Mixing<T> one{1, 19};
        one.x = part(all.x);
        one.past = part(all.past);
        CHECK(same_bits(one.forward(), part(y)));
    }
}

}  // namespace
}  // namespace spikelet::test::mix_test
