// SPDX-License-Identifier: MIT
#include <spikelet/kernels/encoders.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <spikelet/core/bits.hpp>

#include <support/numbers.hpp>
#include <support/sizes.hpp>
#include <support/threads.hpp>

namespace spikelet::test::encoders_test {
namespace {

using kernels::Btc;

template <class S = bit>
std::vector<word> room(Btc n) {
    return std::vector<word>(static_cast<std::size_t>(n.B * n.T * Element<S>::row_units(n.C)),
                             ~word{0});
}

/// Spikes of value(b, t, c), packed; padding is silent.
template <class S = bit, class F>
std::vector<word> packed(Btc n, F&& value) {
    auto spikes = room<S>(n);
    std::vector<int> row(static_cast<std::size_t>(n.C));
    for (index r = 0; r < n.B * n.T; ++r) {
        for (index c = 0; c < n.C; ++c) {
            row[static_cast<std::size_t>(c)] = value(r / n.T, r % n.T, c);
        }
        pack<S>(row.data(), n.C, spikes.data() + r * Element<S>::row_units(n.C));
    }
    return spikes;
}

template <class T>
std::vector<word> rate(Btc n, std::uint64_t key, std::vector<T> const& x, T* done = nullptr) {
    auto spikes = room(n);
    kernels::RateCode<Serial<>>::forward<T>({}, n, key, x.data(), spikes.data(), done);
    return spikes;
}

TEST_CASE_TEMPLATE("rate_code: fires as often as it is told", T, float, double) {
    Btc const n{2, 500, 67};
    for (double const p : {-0.5, 0.0, 0.1, 0.75, 1.0, 1.5}) {
        CAPTURE(p);
        std::vector<T> const x(static_cast<std::size_t>(n.B * n.T * n.C), static_cast<T>(p));
        auto const spikes = rate(n, 7, x);
        double const fired = static_cast<double>(count(spikes.data(), std::ssize(spikes)));
        double const total = static_cast<double>(x.size());
        double const expected = std::clamp(p, 0.0, 1.0);
        // Five standard deviations, none where it is certain.
        double const spread = 5 * std::sqrt(total * expected * (1 - expected));
        CHECK(std::abs(fired - total * expected) <= spread);
    }
    std::vector<T> const none(65, static_cast<T>(NAN));
    CHECK(rate({1, 1, 65}, 7, none) == std::vector<word>{0, 0});
}

TEST_CASE("rate_code: spikes are a function of key, step and place") {
    Btc const n{2, 6, 67};
    std::vector<double> const half(static_cast<std::size_t>(n.B * n.T * n.C), 0.5);
    auto const naive = packed(n, [&](index b, index t, index c) {
        auto const four = static_cast<std::uint64_t>(b * 17 + c / 4);
        auto const words = Philox::at(7, four, static_cast<std::uint64_t>(t));
        return words[static_cast<std::size_t>(c % 4)] < 0x80000000U ? 1 : 0;
    });
    CHECK(rate(n, 7, half) == naive);
    CHECK(rate(n, 8, half) != naive);
}

TEST_CASE_TEMPLATE("rate_code: goes on where it was", T, float, double) {
    Btc const n{1, 6, 67};
    std::vector<T> const half(static_cast<std::size_t>(n.T * n.C), T(0.5));
    auto const whole = rate(n, 7, half);
    T done = 0;
    for (index t = 0; t < n.T; ++t) {
        auto const now = rate({1, 1, n.C}, 7, half, &done);
        CHECK(std::equal(now.begin(), now.end(), whole.begin() + 2 * t));
        CHECK(done == static_cast<T>(t + 1));
    }
    // The last step before it begins again.
    done = static_cast<T>((1 << 24) - 1);
    rate({1, 1, n.C}, 7, half, &done);
    CHECK(done == 0);
    for (double const none : {-1.0, 1e30, static_cast<double>(NAN)}) {  // no run has such a count
        done = static_cast<T>(none);
        CHECK(rate(n, 7, half, &done) == whole);
        CHECK(done == 6);
    }
}

TEST_CASE_TEMPLATE("latency_code: fires once, the sooner the larger", T, float, double) {
    for (index const T_ : {1, 2, 5, 16}) {
        for (index const C : {1, 15, 64, 67}) {
            Btc const n{2, T_, C};
            auto x = random_numbers<T>(n.B * n.C, 1);
            for (T& v : x) { v = std::abs(v) / T(2); }  // some are above 1
            x[0] = T(-0.5);
            auto spikes = room(n);
            kernels::LatencyCode<Serial<>>::forward<T>({}, n, x.data(), spikes.data());
            CHECK(spikes == packed(n, [&](index b, index t, index c) {
                      T const level =
                          std::clamp(x[static_cast<std::size_t>(b * C + c)], T(0), T(1));
                      T const when = std::nearbyint((T(1) - level) * static_cast<T>(T_ - 1));
                      return when == static_cast<T>(t) ? 1 : 0;
                  }));
            CHECK(count(spikes.data(), std::ssize(spikes)) == n.B * C);
        }
    }
}

TEST_CASE("latency_code: ties go to the even step, and what is no number never fires") {
    std::vector<float> const x{0.5F, 0.25F, 1.0F, 0.0F, NAN};  // of 3 steps: 1, 1.5, 0, 2
    auto spikes = room({1, 3, 5});
    kernels::LatencyCode<Serial<>>::forward<float>({}, {1, 3, 5}, x.data(), spikes.data());
    CHECK(spikes == std::vector<word>{0b00100, 0b00001, 0b01010});
}

template <class S, class T>
std::vector<word> delta(Btc n, double threshold, std::vector<T> const& x, T* state = nullptr) {
    auto spikes = room<S>(n);
    kernels::DeltaCode<Serial<>, S>::template forward<T>({}, n, threshold, x.data(), spikes.data(),
                                                         state);
    return spikes;
}

TEST_CASE_TEMPLATE("delta_code: fires where it rises, or falls", T, float, double) {
    each_odd_sequence([](Btc n) {
        auto const x = random_numbers<T>(n.B * n.T * n.C, 1);
        auto const change = [&](index b, index t, index c) {
            auto const i = static_cast<std::size_t>((b * n.T + t) * n.C + c);
            return t == 0 ? x[i] : x[i] - x[i - static_cast<std::size_t>(n.C)];
        };
        auto const up = [&](auto... at) { return change(at...) >= T(0.5) ? 1 : 0; };
        CHECK(delta<bit>(n, 0.5, x) == packed<bit>(n, up));
        CHECK(delta<trit>(n, 0.5, x) == packed<trit>(n, [&](auto... at) {
                  return change(at...) <= T(-0.5) ? -1 : up(at...);
              }));
    });
}

TEST_CASE("delta_code: a change of the threshold itself counts") {
    std::vector<float> const x{0.5F, 0.0F, 0.4375F};
    CHECK(delta<trit>({1, 3, 1}, 0.5, x) == std::vector<word>{1, 0, 0, 1, 0, 0});
}

TEST_CASE("delta_code: goes on from the numbers before") {
    Btc const n{2, 3, 67};
    auto const x = random_numbers<float>(n.B * n.T * n.C, 1);
    auto const before = random_numbers<float>(n.B * n.C, 2);
    auto state = before;
    auto const spikes = delta<bit>(n, 0.5, x, state.data());
    for (index b = 0; b < n.B; ++b) {
        for (index c = 0; c < n.C; ++c) {
            auto const own = static_cast<std::size_t>(b * n.C + c);
            auto const first = static_cast<std::size_t>(b * n.T * n.C + c);
            word const w = spikes[static_cast<std::size_t>(b * n.T * 2 + c / 64)];
            CHECK((w >> (c % 64) & 1) == (x[first] - before[own] >= 0.5F ? 1U : 0U));
            CHECK(state[own] == x[first + static_cast<std::size_t>((n.T - 1) * n.C)]);
        }
    }
}

TEST_CASE("encoders: same bits for one and several threads") {
    Btc const n{2, 200, 641};
    auto x = random_numbers<float>(n.B * n.T * n.C, 1);
    check_threads([&]<class Policy>(Policy policy) {
        auto rates = room(n), latencies = room(n), changes = room<trit>(n);
        kernels::RateCode<Policy>::template forward<float>(policy, n, 7, x.data(), rates.data(),
                                                           nullptr);
        kernels::LatencyCode<Policy>::forward(policy, n, x.data(), latencies.data());
        kernels::DeltaCode<Policy, trit>::template forward<float>(policy, n, 0.5, x.data(),
                                                                  changes.data(), nullptr);
        return bits_of(rates, latencies, changes);
    });
}

}  // namespace
}  // namespace spikelet::test::encoders_test
