// SPDX-License-Identifier: MIT
#include <spikelet/kernels/levels.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/surrogate.hpp>

#include <support/numbers.hpp>
#include <support/reference_levels.hpp>

namespace spikelet::test::levels_test {
namespace {

using reference::level_at;

template <class T>
using Batch = simd::Batch<T, Serial<>>;

/// The levels of many numbers, by the batch.
template <class S, class T>
std::vector<T> levels_at(std::vector<T> const& u, EventLevels<S> levels) {
    using B = Batch<T>;
    std::vector<T> result(u.size());
    simd::for_each_batch<B>(0, static_cast<index>(u.size()), [&](index i, auto lanes) {
        B const level = kernels::level_of(simd::load<B>(u.data() + i, lanes), levels);
        simd::store(result.data() + i, level, lanes);
    });
    return result;
}

template <class S, class F>
void each_most(F&& f) {
    for (int most = 1; most <= EventLevels<S>::highest; ++most) {
        CAPTURE(most);
        f(EventLevels<S>{most});
    }
}

TEST_CASE("levels: what each kind of spike holds") {
    static_assert(EventLevels<bit>::highest == 1 && !EventLevels<bit>::has_sign);
    static_assert(EventLevels<graded<2>>::highest == 3 && !EventLevels<graded<2>>::has_sign);
    static_assert(EventLevels<graded<3>>::highest == 7);
    static_assert(EventLevels<graded<4>>::highest == 15 && EventLevels<graded<4>>::rho == 0);
    static_assert(EventLevels<signed_graded<3>>::highest == 3);
    static_assert(EventLevels<signed_graded<3>>::has_sign);
    static_assert(EventLevels<trit>::highest == 1 && EventLevels<trit>::rho == 0.25);
    static_assert(EventLevels<graded<3>>{}.most == 7);
}

TEST_CASE("levels: too many or none are an error") {
    CHECK(checked_levels<graded<3>>("node", 7).most == 7);
    CHECK(checked_levels<graded<3>>("node", 1).most == 1);
    CHECK_THROWS_WITH_AS(checked_levels<graded<3>>("node", 8),
                         "node: levels are 8, this kind of spike has 1 to 7", Error);
    CHECK_THROWS_AS(checked_levels<trit>("node", 2), Error);
    for (int const none : {0, -1}) { CHECK_THROWS_AS(checked_levels<bit>("node", none), Error); }
}

TEST_CASE_TEMPLATE("levels: are those of the formula", S, bit, graded<2>, graded<3>, graded<4>,
                   signed_graded<3>, trit) {
    each_most<S>([](EventLevels<S> levels) {
        auto const check = [&]<class T>(T) {
            auto u = random_numbers<T>(501, 1);
            for (T& x : u) { x *= T(6); }
            auto const s = levels_at(u, levels);
            bool right = true;
            for (std::size_t i = 0; i < u.size(); ++i) {
                right =
                    right && s[i] == static_cast<T>(level_at(static_cast<double>(u[i]), levels));
            }
            CHECK(right);
        };
        check(float{});
        check(double{});
    });
}

TEST_CASE_TEMPLATE("levels: right at a threshold it has passed, right below it has not", T, float,
                   double) {
    T const infinity = std::numeric_limits<T>::infinity();
    auto const check = [&]<class S>(EventLevels<S> levels) {
        for (int n = 1; n <= levels.most; ++n) {
            CAPTURE(n);
            T const threshold = static_cast<T>(n - EventLevels<S>::rho);
            T const below = std::nextafter(threshold, T(0));
            T const sign = EventLevels<S>::has_sign ? T(-1) : T(0);
            auto const s = levels_at<S, T>({threshold, below, -threshold, -below}, levels);
            auto const passed = static_cast<T>(n);
            CHECK(s == std::vector<T>{passed, passed - 1, sign * passed, sign * (passed - 1)});
        }
        T const most = static_cast<T>(levels.most);
        T const least = EventLevels<S>::has_sign ? -most : T(0);
        CHECK(levels_at<S, T>({infinity, T(1e9), -infinity, T(-1e9)}, levels) ==
              std::vector<T>{most, most, least, least});
    };
    each_most<graded<4>>(check);
    each_most<signed_graded<3>>(check);
    each_most<trit>(check);
    each_most<bit>(check);
}

TEST_CASE_TEMPLATE("levels: nothing, tiny numbers and what is no number have none, without a sign",
                   S, bit, graded<4>, signed_graded<3>, trit) {
    float const nan = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> const zeros(6);
    CHECK(same_bits(levels_at<S, float>({0, -0.0F, 1e-30F, -1e-30F, nan, -nan}, {}), zeros));
}

TEST_CASE_TEMPLATE("levels: the sign of one is told without it", S, bit, graded<4>,
                   signed_graded<3>, trit) {
    auto const check = [&]<class T>(T) {
        using B = Batch<T>;
        T const first = static_cast<T>(1 - EventLevels<S>::rho);
        T const nan = std::numeric_limits<T>::quiet_NaN();
        std::vector<T> const u{first,   std::nextafter(first, T(0)),
                               T(3),    T(0),
                               -first,  std::nextafter(-first, T(0)),
                               T(-1e9), T(-0.0),
                               T(1e9),  nan};
        std::vector<T> signs(u.size());
        simd::for_each_batch<B>(0, static_cast<index>(u.size()), [&](index i, auto lanes) {
            B const sign = kernels::sign_of_level<S>(simd::load<B>(u.data() + i, lanes));
            simd::store(signs.data() + i, sign, lanes);
        });
        CHECK(same_bits(signs, levels_at<S>(u, EventLevels<S>{1})));
    };
    check(float{});
    check(double{});
}

TEST_CASE_TEMPLATE("levels: steps are thresholds and follow them, from the least on", T, float,
                   double) {
    T const least = static_cast<T>(least_threshold);
    std::vector<T> const thresholds{least, std::nextafter(least, T(0)), T(0), T(-2), T(0.5)};
    std::vector<T> steps, kept;
    for (T const threshold : thresholds) {
        Batch<T> const th(threshold);
        steps.push_back(simd::largest(kernels::step_of(th)));
        kept.push_back(simd::largest(kernels::where_step_follows(th, Batch<T>(7))));
    }
    CHECK(steps == std::vector<T>{least, least, least, least, T(0.5)});
    CHECK(kept == std::vector<T>{7, 0, 0, 0, 7});
}

TEST_CASE_TEMPLATE("levels: what is no threshold is no step, and is followed", T, float, double) {
    using B = Batch<T>;
    B const nan(std::numeric_limits<T>::quiet_NaN());
    CHECK(std::isnan(simd::sum(kernels::step_of(nan))));
    CHECK(std::isnan(simd::sum(kernels::where_step_follows(B(T(0.5)), nan))));
    CHECK(simd::largest(kernels::where_step_follows(nan, B(7))) == 7);
}

TEST_CASE_TEMPLATE("levels: every value is stored where elements are read", S, bit, graded<2>,
                   graded<3>, graded<4>, signed_graded<3>, trit) {
    constexpr index elements = 64;
    int const highest = EventLevels<S>::highest;
    int const least = EventLevels<S>::has_sign ? -highest : 0;
    std::vector<float> values(elements);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(least + static_cast<int>(i * 5) % (highest - least + 1));
    }
    using B = Batch<float>;
    for (index const used : {elements, index{61}, index{1}, simd::width<B> + 1}) {
        std::vector<word> planes(static_cast<std::size_t>(Element<S>::planes));
        simd::for_each_batch<B>(0, used, [&](index i, auto lanes) {
            B const level = simd::load<B>(values.data() + i, lanes);
            kernels::store_levels<S>(level, planes.data(), i, lanes);
        });
        std::vector<float> seen(elements);
        unpack<S>(planes.data(), elements, seen.data());
        std::vector<float> expected = values;
        std::fill(expected.begin() + used, expected.end(), 0.0F);
        CHECK(seen == expected);
    }
}

TEST_CASE("levels: lanes that are not in use leave no bits") {
    using B = Batch<float>;
    word planes[3]{};
    kernels::store_levels<graded<3>>(B(7), planes, 8, simd::Part{1});
    for (word const plane : planes) { CHECK(plane == 256); }
}

TEST_CASE_TEMPLATE("levels: the slope is a bump of the surrogate at every threshold", S, bit,
                   graded<3>, graded<4>, signed_graded<3>, trit) {
    each_most<S>([](EventLevels<S> levels) {
        auto const check = [&]<class T>(T, auto surrogate) {
            using B = Batch<T>;
            auto u = random_numbers<T>(301, 1);
            for (T& x : u) { x *= T(5); }
            std::vector<T> slopes(u.size());
            simd::for_each_batch<B>(0, static_cast<index>(u.size()), [&](index i, auto lanes) {
                B const at = simd::load<B>(u.data() + i, lanes);
                simd::store(slopes.data() + i, kernels::slope_of(surrogate, at, levels), lanes);
            });
            std::vector<double> expected;
            for (T const x : u) {
                expected.push_back(reference::slope_at(surrogate, static_cast<double>(x), levels));
            }
            CHECK(roundings(slopes, expected) < 64);
        };
        check(double{}, Arctan{});
        check(float{}, Arctan{3.0});
        check(float{}, SigmoidSurrogate{});
        check(double{}, StraightThrough{});
    });
}

}  // namespace
}  // namespace spikelet::test::levels_test
