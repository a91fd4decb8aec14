// SPDX-License-Identifier: MIT
#include <spikelet/kernels/heaviside.hpp>

#include <limits>

#include <doctest/doctest.h>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/surrogate.hpp>

#include <kernels/spike_support.hpp>
#include <support/numbers.hpp>
#include <support/reference_lif.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::heaviside_test {
namespace {

template <class T, class Policy = Serial<>>
std::vector<word> fired(index rows, index C, double threshold, std::vector<T> const& x,
                        Policy policy = {}) {
    std::vector<word> spikes(static_cast<std::size_t>(rows * Element<bit>::row_units(C)), ~word{0});
    kernels::Heaviside<Policy>::forward(policy, rows, C, threshold, x.data(), spikes.data());
    return spikes;
}

/// The spikes of rows packed one by one.
template <class T>
std::vector<word> packed(index rows, index C, double threshold, std::vector<T> const& x) {
    index const words = Element<bit>::row_units(C);
    std::vector<word> spikes(static_cast<std::size_t>(rows * words));
    for (index r = 0; r < rows; ++r) {
        std::vector<int> flags;
        for (index c = 0; c < C; ++c) {
            flags.push_back(x[static_cast<std::size_t>(r * C + c)] >= static_cast<T>(threshold));
        }
        pack(flags.data(), C, spikes.data() + r * words);
    }
    return spikes;
}

TEST_CASE_TEMPLATE("heaviside: fires where x is at least the threshold, padding stays silent", T,
                   float, double) {
    each_odd_matrix([](index rows, index C) {
        auto x = random_numbers<T>(rows * C, 1);
        x[0] = 0;
        x[x.size() / 2] = T(-0.0);
        double const infinity = std::numeric_limits<double>::infinity();
        for (double const threshold : {0.0, 0.3, -0.3, 1e9, -1e9, infinity, -infinity}) {
            CAPTURE(threshold);
            CHECK(fired(rows, C, threshold, x) == packed(rows, C, threshold, x));
        }
    });
}

TEST_CASE_TEMPLATE("heaviside: the gradient is the surrogate's, and is added", T, float, double) {
    each_odd_matrix([](index rows, index C) {
        auto const x = random_numbers<T>(rows * C, 1);
        auto const ds = random_numbers<T>(rows * C, 2);
        auto const old = random_numbers<T>(rows * C, 3);
        auto dx = old;
        kernels::Heaviside<Serial<>>::backward({}, rows * C, 0.25, Arctan{3.0}, x.data(), ds.data(),
                                               dx.data());
        std::vector<double> expected;
        for (std::size_t i = 0; i < x.size(); ++i) {
            double const slope = reference::slope_of(Arctan{3.0}, static_cast<double>(x[i]) - 0.25);
            expected.push_back(static_cast<double>(old[i]) + slope * static_cast<double>(ds[i]));
        }
        CHECK(roundings(dx, expected) < 16);
    });
}

TEST_CASE_TEMPLATE("add_spikes: adds one where a spike is; without x it gives the spikes", T, float,
                   double) {
    each_odd_matrix([](index rows, index C) {
        auto const x = random_numbers<T>(rows * C, 1);
        auto const spikes = fired(rows, C, 0.0, random_numbers<T>(rows * C, 2));
        index const words = Element<bit>::row_units(C);
        std::vector<T> numbers;
        for (index r = 0; r < rows; ++r) {
            std::vector<T> row(static_cast<std::size_t>(C));
            unpack(spikes.data() + r * words, C, row.data());
            numbers.insert(numbers.end(), row.begin(), row.end());
        }
        std::vector<T> y(x.size(), T(99));
        kernels::AddSpikes<Serial<>>::forward<T>({}, rows, C, nullptr, spikes.data(), y.data());
        CHECK(same_bits(y, numbers));
        kernels::AddSpikes<Serial<>>::forward({}, rows, C, x.data(), spikes.data(), y.data());
        std::transform(x.begin(), x.end(), numbers.begin(), numbers.begin(), std::plus<>{});
        CHECK(same_bits(y, numbers));
    });
}

TEST_CASE_TEMPLATE("add_spikes: adds the values of graded and signed spikes", S, graded<2>,
                   graded<4>, signed_graded<3>, trit) {
    each_odd_matrix([](index rows, index C) {
        RandomSpikes<float, S> const s(rows, C, 0.5, 1);
        auto const x = random_numbers<float>(rows * C, 2);
        std::vector<float> y(x.size(), 99);
        using Add = kernels::AddSpikes<Serial<>, S>;
        Add::template forward<float>({}, rows, C, nullptr, s.packed.data(), y.data());
        CHECK(same_bits(y, s.numbers));
        Add::forward({}, rows, C, x.data(), s.packed.data(), y.data());
        auto sum = x;
        std::transform(x.begin(), x.end(), s.numbers.begin(), sum.begin(), std::plus<>{});
        CHECK(same_bits(y, sum));
    });
}

TEST_CASE_TEMPLATE("heaviside: same bits for one and several threads", T, float, double) {
    index const rows = 601;
    index const C = 130;
    auto const x = random_numbers<T>(rows * C, 1);
    check_threads([&]<class Policy>(Policy policy) {
        auto const spikes = fired(rows, C, 0.1, x, policy);
        std::vector<T> y(x.size());
        kernels::AddSpikes<Policy>::forward(policy, rows, C, x.data(), spikes.data(), y.data());
        auto dx = x;
        kernels::Heaviside<Policy>::backward(policy, rows * C, 0.1, Arctan{}, x.data(), x.data(),
                                             dx.data());
        return bits_of(spikes, y, dx);
    });
}

}  // namespace
}  // namespace spikelet::test::heaviside_test
