// SPDX-License-Identifier: MIT
#include <spikelet/kernels/surrogate.hpp>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference_lif.hpp>

namespace spikelet::test::surrogate_test {
namespace {

/// The surrogate of many numbers, by the batch.
template <class T, class Surrogate>
std::vector<T> slopes_at(Surrogate surrogate, std::vector<T> const& x) {
    using B = simd::Batch<T, Serial<>>;
    std::vector<T> y(x.size());
    simd::for_each_batch<B>(0, static_cast<index>(x.size()), [&](index i, auto lanes) {
        simd::store(y.data() + i, surrogate(simd::load<B>(x.data() + i, lanes)), lanes);
    });
    return y;
}

template <class Surrogate>
Surrogate with_slope(double slope) {
    Surrogate s;
    if constexpr (requires { s.slope; }) { s.slope = slope; }
    return s;
}

/// The area under the surrogate, to x = +-100.
template <class Surrogate>
double area(Surrogate s) {
    double sum = 0;
    for (int i = -200000; i < 200000; ++i) {
        sum += reference::slope_of(s, (i + 0.5) * 5e-4) * 5e-4;
    }
    return sum;
}

TEST_CASE_TEMPLATE("surrogate: equals its formula for any slope", S, Arctan, SigmoidSurrogate,
                   Triangle, SoftSign, FastSigmoid, Gaussian, LeakyPiecewise, Boxcar,
                   StraightThrough) {
    auto x = random_numbers<double>(300, 1);
    x.insert(x.end(), {0, 1, -1, 30, -30});
    std::vector<float> const rounded(x.begin(), x.end());
    for (double const slope : {0.7, 1.0, 2.0, 10.0}) {
        CAPTURE(slope);
        auto const s = with_slope<S>(slope);
        std::vector<double> expected(x.size());
        std::transform(x.begin(), x.end(), expected.begin(),
                       [&](double v) { return reference::slope_of(s, v); });
        CHECK(roundings(slopes_at(s, x), expected) < 16);
        std::transform(rounded.begin(), rounded.end(), expected.begin(),
                       [&](float v) { return reference::slope_of(s, static_cast<double>(v)); });
        CHECK(roundings(slopes_at(s, rounded), expected) < 64);
    }
}

TEST_CASE_TEMPLATE("surrogate: derivatives of a step from 0 to 1 have an area of one", S, Arctan,
                   SigmoidSurrogate, Triangle, SoftSign, Gaussian, Boxcar) {
    CHECK(area(S{}) == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE_TEMPLATE("surrogate: symmetric, and largest at the threshold", S, Arctan,
                   SigmoidSurrogate, Triangle, SoftSign, FastSigmoid, Gaussian, LeakyPiecewise,
                   Boxcar) {
    auto const x = random_numbers<double>(100, 1);
    std::vector<double> mirrored(x.size());
    std::transform(x.begin(), x.end(), mirrored.begin(), std::negate<>{});
    auto const y = slopes_at(S{}, x);
    CHECK(roundings(slopes_at(S{}, mirrored), y) < 4);
    double const peak = slopes_at(S{}, std::vector<double>{0})[0];
    CHECK(*std::max_element(y.begin(), y.end()) <= peak);
}

TEST_CASE("surrogate: SpikeGPT's is 1 / (1 + (pi x)^2)") {
    auto const y = slopes_at(Arctan{}, std::vector<double>{0, 1, -0.5});
    double const pi = std::numbers::pi;
    CHECK(y[0] == 1);
    CHECK(y[1] == doctest::Approx(1 / (1 + pi * pi)));
    CHECK(y[2] == doctest::Approx(1 / (1 + pi * pi / 4)));
}

}  // namespace
}  // namespace spikelet::test::surrogate_test
