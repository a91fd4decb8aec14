// SPDX-License-Identifier: MIT
#include <spikelet/kernels/shift.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::shift_test {
namespace {

using kernels::Btc;

template <class T>
std::vector<T> shifted(Btc n, std::vector<T> const& x, T* state) {
    std::vector<T> y(x.size(), T(99));
    kernels::Shift<Serial<>>::forward({}, n, x.data(), y.data(), state);
    return y;
}

TEST_CASE_TEMPLATE("shift: each step is the one before, the first is the state or zero", T, float,
                   double) {
    each_odd_sequence([](Btc n) {
        auto const x = random_numbers<T>(n.B * n.T * n.C, 1);
        auto const start = random_numbers<T>(n.B * n.C, 2);
        auto state = start;
        auto const at_rest = shifted<T>(n, x, nullptr);
        auto const carried = shifted(n, x, state.data());
        bool right = true;
        for (index b = 0; b < n.B; ++b) {
            for (index c = 0; c < n.C; ++c) {
                auto const at = [&](index t) {
                    return static_cast<std::size_t>((b * n.T + t) * n.C + c);
                };
                auto const own = static_cast<std::size_t>(b * n.C + c);
                right = right && at_rest[at(0)] == 0 && carried[at(0)] == start[own] &&
                        state[own] == x[at(n.T - 1)];
                for (index t = 1; t < n.T; ++t) {
                    right = right && at_rest[at(t)] == x[at(t - 1)];
                    right = right && carried[at(t)] == x[at(t - 1)];
                }
            }
        }
        CHECK(right);
    });
}

TEST_CASE_TEMPLATE("shift: the gradient equals finite differences and is added", T, float, double) {
    each_odd_sequence([](Btc n) {
        auto const dy = random_numbers<T>(n.B * n.T * n.C, 1);
        auto dx = random_numbers<T>(n.B * n.T * n.C, 2);
        auto x = random_numbers<double>(n.B * n.T * n.C, 3);
        auto const w = as_double(dy);
        auto const loss = [&] { return dot(w, shifted<double>(n, x, nullptr)); };
        auto const expected = plus(as_double(dx), slopes(loss, x.data(), n.B * n.T * n.C));
        kernels::Shift<Serial<>>::backward({}, n, dy.data(), dx.data());
        CHECK(roundings(dx, expected) < difference_roundings<T>);
    });
}

TEST_CASE("shift: streaming, split at every point, equals the whole sequence") {
    Btc const n{1, 9, 17};
    auto const x = random_numbers<float>(n.T * n.C, 1);
    std::vector<float> whole_state(17, 0);
    auto const whole = shifted(n, x, whole_state.data());
    for (index split = 1; split < n.T; ++split) {
        std::vector<float> state(17, 0);
        std::vector<float> const first(x.begin(), x.begin() + split * n.C);
        std::vector<float> const second(x.begin() + split * n.C, x.end());
        auto y = shifted({1, split, n.C}, first, state.data());
        auto const rest = shifted({1, n.T - split, n.C}, second, state.data());
        y.insert(y.end(), rest.begin(), rest.end());
        CHECK(same_bits(y, whole));
        CHECK(same_bits(state, whole_state));
    }
}

TEST_CASE("shift: same bits for one and several threads") {
    Btc const n{2, 601, 130};
    auto const x = random_numbers<float>(n.B * n.T * n.C, 1);
    check_threads([&]<class Policy>(Policy policy) {
        auto y = x;
        auto dx = x;
        kernels::Shift<Policy>::template forward<float>(policy, n, x.data(), y.data(), nullptr);
        kernels::Shift<Policy>::backward(policy, n, x.data(), dx.data());
        return bits_of(y, dx);
    });
}

}  // namespace
}  // namespace spikelet::test::shift_test
