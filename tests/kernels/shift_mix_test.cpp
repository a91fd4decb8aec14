// SPDX-License-Identifier: MIT
#include <spikelet/kernels/shift_mix.hpp>

#include <doctest/doctest.h>

#include <spikelet/kernels/mix.hpp>
#include <spikelet/kernels/shift.hpp>

#include <support/numbers.hpp>
#include <support/sizes.hpp>

namespace spikelet::test::shift_mix_test {
namespace {

using kernels::Btc;

/// Inputs of two mixes, and what the kernel makes of them.
template <class T, class Policy = Serial<>>
struct Mixing {
    Btc n;
    Policy policy{};
    index size = n.B * n.T * n.C;
    std::vector<T> x = random_numbers<T>(size, 1);
    std::array<std::vector<T>, 2> m{random_numbers<T>(n.C, 2), random_numbers<T>(n.C, 3)};
    std::array<std::vector<T>, 2> dy{random_numbers<T>(size, 4), random_numbers<T>(size, 5)};
    std::vector<T> dx = random_numbers<T>(size, 6);
    std::array<std::vector<T>, 2> dm{random_numbers<T>(n.C, 7), random_numbers<T>(n.C, 8)};
    std::array<std::vector<T>, 2> y{std::vector<T>(x.size(), T(99)), std::vector<T>(x.size())};

    void forward(T* state = nullptr) {
        kernels::ShiftMix<Policy>::template forward<T, 2>(
            policy, n, x.data(), {m[0].data(), m[1].data()}, {y[0].data(), y[1].data()}, state);
    }
    void backward() {
        kernels::ShiftMix<Policy>::template backward<T, 2>(
            policy, n, x.data(), {m[0].data(), m[1].data()}, {dy[0].data(), dy[1].data()},
            dx.data(), {dm[0].data(), dm[1].data()});
    }
    T loss() {
        forward();
        return dot(dy[0], y[0]) + dot(dy[1], y[1]);
    }
};

template <class F>
void each_sequence(F&& f) {
    for (index const channels : {1, 15, 16, 17, 65, 1100}) {
        for (index const time : {1, 2, 5}) { f(Btc{2, time, channels}); }
    }
}

TEST_CASE_TEMPLATE("shift_mix: has the bits of a mix with a shifted copy, from any state", T, float,
                   double) {
    each_sequence([](Btc n) {
        for (bool const rested : {true, false}) {
            Mixing<T> mixing{n};
            auto state = random_numbers<T>(n.B * n.C, 9);
            auto other = state;
            mixing.forward(rested ? nullptr : state.data());
            std::vector<T> past(mixing.x.size());
            kernels::Shift<Serial<>>::forward<T>({}, n, mixing.x.data(), past.data(),
                                                 rested ? nullptr : other.data());
            for (std::size_t j = 0; j < 2; ++j) {
                std::vector<T> y(mixing.x.size());
                kernels::Mix<Serial<>>::forward<T>({}, n.B * n.T, n.C, mixing.x.data(), past.data(),
                                                   mixing.m[j].data(), y.data());
                CHECK(same_bits(mixing.y[j], y));
            }
            CHECK(same_bits(state, other));
        }
    });
}

TEST_CASE("shift_mix: gradients equal finite differences and are added") {
    for (Btc const n : {Btc{1, 1, 3}, Btc{2, 4, 17}}) {
        Mixing<double> mixing{n};
        Mixing<double> twin{n};
        auto const loss = [&] { return twin.loss(); };
        auto const dx = plus(mixing.dx, slopes(loss, twin.x.data(), twin.size));
        std::array<std::vector<double>, 2> dm;
        for (std::size_t j = 0; j < 2; ++j) {
            dm[j] = plus(mixing.dm[j], slopes(loss, twin.m[j].data(), n.C));
        }
        mixing.backward();
        CHECK(roundings(mixing.dx, dx) < difference_roundings<double>);
        for (std::size_t j = 0; j < 2; ++j) {
            CHECK(roundings(mixing.dm[j], dm[j]) < difference_roundings<double>);
        }
    }
}

TEST_CASE_TEMPLATE("shift_mix: gradients are those of a mix with a shifted copy", T, float,
                   double) {
    each_sequence([](Btc n) {
        Mixing<T> mixing{n};
        Mixing<T> apart{n};
        std::vector<T> past(mixing.x.size()), dpast(mixing.x.size());
        kernels::Shift<Serial<>>::forward<T>({}, n, apart.x.data(), past.data(), nullptr);
        for (std::size_t j = 0; j < 2; ++j) {
            kernels::Mix<Serial<>>::backward<T>({}, n.B * n.T, n.C, apart.x.data(), past.data(),
                                                apart.m[j].data(), apart.dy[j].data(),
                                                apart.dx.data(), dpast.data(), apart.dm[j].data());
        }
        kernels::Shift<Serial<>>::backward<T>({}, n, dpast.data(), apart.dx.data());
        mixing.backward();
        CHECK(roundings(mixing.dx, as_double(apart.dx)) < 8);
        for (std::size_t j = 0; j < 2; ++j) { CHECK(same_bits(mixing.dm[j], apart.dm[j])); }
    });
}

TEST_CASE_TEMPLATE("shift_mix: same bits for one and several threads", T, float, double) {
    Btc const n{3, 40, 1100};
    Mixing<T> one{n};
    one.forward();
    one.backward();
    for (int const threads : {2, 3}) {
        Mixing<T, OpenMp<>> several{n, OpenMp<>{threads}};
        several.forward();
        several.backward();
        CHECK(same_bits(one.y[1], several.y[1]));
        CHECK(same_bits(one.dx, several.dx));
        CHECK(same_bits(one.dm[0], several.dm[0]));
    }
}

TEST_CASE("shift_mix: weights that are not trained, and inputs, need no gradient") {
    Btc const n{1, 3, 17};
    Mixing<float> with{n};
    Mixing<float> without{n};
    with.backward();
    kernels::ShiftMix<Serial<>>::backward<float, 2>(
        {}, n, without.x.data(), {without.m[0].data(), without.m[1].data()},
        {without.dy[0].data(), without.dy[1].data()}, nullptr, {nullptr, without.dm[1].data()});
    CHECK(same_bits(with.dm[1], without.dm[1]));
    CHECK(same_bits(without.dm[0], Mixing<float>{n}.dm[0]));
}

}  // namespace
}  // namespace spikelet::test::shift_mix_test
