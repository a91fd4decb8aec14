// SPDX-License-Identifier: MIT
#include <spikelet/models/sampling.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <support/numbers.hpp>
#include <support/reference.hpp>

namespace spikelet::test::sampling_test {
namespace {

/// Probabilities 0.4, 0.3, 0.2, 0.1 in another order.
std::vector<float> const four{std::log(0.2F), std::log(0.4F), std::log(0.1F), std::log(0.3F)};

std::vector<double> probabilities(SamplingOptions const& options) {
    return sampling_probabilities(four, options);
}

void check_near(std::vector<double> const& p, std::vector<double> const& expected) {
    REQUIRE(p.size() == expected.size());
    for (std::size_t i = 0; i < p.size(); ++i) { CHECK(p[i] == doctest::Approx(expected[i])); }
}

TEST_CASE("sampling: without options it is the softmax, whatever the size of the logits") {
    check_near(probabilities({}), {0.2, 0.4, 0.1, 0.3});
    auto large = four;
    for (float& z : large) { z += 100; }
    auto const p = sampling_probabilities(large, {});
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(p[i] == doctest::Approx(probabilities({})[i]).epsilon(1e-4));
    }
}

TEST_CASE("sampling: the temperature flattens or sharpens") {
    auto const powers = [](double power) {
        std::vector<double> p{std::pow(0.2, power), std::pow(0.4, power), std::pow(0.1, power),
                              std::pow(0.3, power)};
        double const sum = p[0] + p[1] + p[2] + p[3];
        for (double& x : p) { x /= sum; }
        return p;
    };
    check_near(probabilities({.temperature = 0.5}), powers(2));
    check_near(probabilities({.temperature = 4}), powers(0.25));
}

TEST_CASE("sampling: top-k keeps the k most likely") {
    check_near(probabilities({.top_k = 1}), {0, 1, 0, 0});
    check_near(probabilities({.top_k = 2}), {0, 4.0 / 7, 0, 3.0 / 7});
    check_near(probabilities({.top_k = 100}), {0.2, 0.4, 0.1, 0.3});
}

TEST_CASE("sampling: top-p keeps the fewest that together reach p, at least one") {
    check_near(probabilities({.top_p = 0.0}), {0, 1, 0, 0});
    check_near(probabilities({.top_p = 0.39}), {0, 1, 0, 0});
    check_near(probabilities({.top_p = 0.41}), {0, 4.0 / 7, 0, 3.0 / 7});
    check_near(probabilities({.top_p = 0.71}), {2.0 / 9, 4.0 / 9, 0, 3.0 / 9});
    // Over what top-k has left: 4/7 and 3/7.
    check_near(probabilities({.top_k = 2, .top_p = 0.5}), {0, 1, 0, 0});
}

TEST_CASE("sampling: equals are ranked by their number") {
    std::vector<float> const equal(5, 1.0F);
    check_near(sampling_probabilities(equal, {.top_k = 2}), {0.5, 0.5, 0, 0, 0});
    CHECK(argmax(equal) == 0);
}

TEST_CASE("sampling: the official rule cuts by value first, then applies the temperature") {
    auto const official = [](double temperature, double top_p) {
        return probabilities(
            {.temperature = temperature, .top_p = top_p, .rule = SamplingRule::official});
    };
    // The running sums are 0.4, 0.7, 0.9, 1: the first above 0.6 belongs to 0.3.
    check_near(official(1, 0.6), {0, 4.0 / 7, 0, 3.0 / 7});
    check_near(official(0.5, 0.6), {0, 16.0 / 25, 0, 9.0 / 25});
    check_near(official(1, 0.0), {0, 1, 0, 0});
    // Equals of the last one stay, too.
    std::vector<float> const ties{1, 1, 1, 0};
    // Not as a list {1.0 / 3, ...}: g++ 12 -O2 makes its last element 1/3 here.
    std::vector<double> expected(4, 1.0 / 3);
    expected[3] = 0;
    check_near(sampling_probabilities(ties, {.top_p = 0.1, .rule = SamplingRule::official}),
               expected);
}

TEST_CASE("sampling: from top_p = 1 on every token stays, by either rule") {
    Rng rng(5);
    for (auto const rule : {SamplingRule::usual, SamplingRule::official}) {
        for (double const top_p : {1.0, 1.5, std::numeric_limits<double>::infinity()}) {
            check_near(probabilities({.top_p = top_p, .rule = rule}), {0.2, 0.4, 0.1, 0.3});
            for (index n : {3, 4, 5, 7, 16, 77, 256}) {
                auto const p = sampling_probabilities(random_numbers<float>(n, rng.bits()),
                                                      {.top_p = top_p, .rule = rule});
                CHECK(std::ranges::count(p, 0.0) == 0);
            }
        }
    }
}

TEST_CASE("sampling: the official rule cuts to top-k, too, before the temperature") {
    auto const official = [](index top_k, double top_p) {
        return probabilities(
            {.temperature = 0.5, .top_k = top_k, .top_p = top_p, .rule = SamplingRule::official});
    };
    check_near(official(1, 1), {0, 1, 0, 0});
    check_near(official(2, 1), {0, 16.0 / 25, 0, 9.0 / 25});
    check_near(official(2, 0.95), {0, 16.0 / 25, 0, 9.0 / 25});
    check_near(official(3, 0.6), {0, 16.0 / 25, 0, 9.0 / 25});
}

TEST_CASE("sampling: logits that are no numbers are refused, and so are such options") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    Rng rng(1);
    for (double const temperature : {0.0, 1.0}) {
        auto const draw = [&](std::vector<float> const& logits, SamplingOptions options = {}) {
            options.temperature = temperature;
            return sample(logits, rng, options);
        };
        CHECK_THROWS_WITH_AS(draw({1, 2, nan}), "sample: logit 2 of 3 is not a number", Error);
        CHECK_THROWS_WITH_AS(draw({infinity, 0}), "sample: logit 0 of 2 is infinite", Error);
        CHECK_THROWS_WITH_AS(draw({-infinity}), "sample: all logits are minus infinity", Error);
        CHECK_THROWS_WITH_AS(draw({}), "sample: there are no logits", Error);
        CHECK_THROWS_AS(draw({1}, {.top_k = -1}), Error);
        CHECK_THROWS_AS(draw({1}, {.top_p = std::numeric_limits<double>::quiet_NaN()}), Error);
        CHECK_THROWS_AS(draw({1}, {.min_p = 1.5}), Error);
        CHECK_THROWS_AS(draw({1}, {.typical_p = -1}), Error);
        CHECK_THROWS_AS(draw({1}, {.top_p_after = TopPAfter{.top_p = -1}}), Error);
        // Minus infinity rules a token out.
        CHECK(draw({-infinity, 3, -infinity}) == 1);
    }
    for (double const temperature : {std::nan(""), HUGE_VAL}) {
        CHECK_THROWS_WITH_AS((sample(four, rng, {.temperature = temperature})),
                             "sample: the temperature must be a finite number", Error);
    }
    CHECK_THROWS_AS(probabilities({.temperature = 0}), Error);
}

TEST_CASE("sampling: logits may be double, with more digits than float") {
    std::vector<double> const close{1.0, 1.0 + 1e-12, 1.0};
    CHECK(argmax(close) == 1);
    Rng rng(1);
    CHECK(sample(close, rng, {.temperature = 0}) == 1);
    CHECK(sample(close, rng, {.top_k = 1}) == 1);
    std::vector<double> const same(four.begin(), four.end());
    CHECK(sampling_probabilities(same, {.top_p = 0.9}) == probabilities({.top_p = 0.9}));
    Rng a(3);
    Rng b(3);
    CHECK(sample(same, a) == sample(four, b));
}

TEST_CASE("sampling: a temperature near 0 takes the most likely token, by either rule") {
    for (auto const rule : {SamplingRule::usual, SamplingRule::official}) {
        for (double const temperature : {1e-2, 1e-4, 1e-12}) {
            check_near(probabilities({.temperature = temperature, .top_p = 0.95, .rule = rule}),
                       {0, 1, 0, 0});
        }
    }
}

TEST_CASE("sampling: temperature 0 takes the most likely token and draws nothing") {
    Rng rng(1);
    auto const before = rng.state();
    CHECK(sample(four, rng, {.temperature = 0}) == 1);
    CHECK(rng.state() == before);
}

TEST_CASE("sampling: draws as often as the probabilities say") {
    for (SamplingOptions const& options :
         {SamplingOptions{}, SamplingOptions{.temperature = 2}, SamplingOptions{.top_k = 3},
          SamplingOptions{.top_p = 0.6, .rule = SamplingRule::official}}) {
        Rng rng(1);
        std::vector<int> hits(4);
        for (int i = 0; i < 10000; ++i) {
            ++hits[static_cast<std::size_t>(sample(four, rng, options))];
        }
        auto const p = probabilities(options);
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(std::abs(hits[i] / 1e4 - p[i]) < 0.02);
            CHECK((hits[i] == 0) == (p[i] == 0));
        }
    }
}

TEST_CASE("sampling: probabilities add up to one for any logits and options") {
    Rng rng(3);
    for (int trial = 0; trial < 200; ++trial) {
        auto logits = random_numbers<float>(1 + rng.below(60), rng.bits());
        for (float& z : logits) { z *= 20; }
        SamplingOptions const options{.temperature = 0.1 + 3 * rng.uniform(),
                                      .top_k = rng.below(10),
                                      .top_p = rng.uniform() * 1.2,
                                      .rule = trial % 2 == 0 ? SamplingRule::usual
                                                             : SamplingRule::official};
        auto const p = sampling_probabilities(logits, options);
        double sum = 0;
        for (double x : p) {
            CHECK(x >= 0);
            sum += x;
        }
        CHECK(sum == doctest::Approx(1));
        auto const likely = static_cast<std::size_t>(argmax(logits));
        CHECK(*std::max_element(p.begin(), p.end()) == p[likely]);
    }
}

TEST_CASE("sampling: cuts come one after another, each over what the one before has left") {
    check_near(probabilities({.min_p = 0.45}), {2.0 / 9, 4.0 / 9, 0, 3.0 / 9});
    // H is 1.28: by rising distance 0.3, 0.2, 0.4, 0.1.
    check_near(probabilities({.typical_p = 0.4}), {2.0 / 5, 0, 0, 3.0 / 5});
    check_near(probabilities({.top_p = 0.5, .typical_p = 0.4}), {0, 0, 0, 1});
    check_near(probabilities({.top_k = 3, .min_p = 0.6}), {0, 4.0 / 7, 0, 3.0 / 7});
    check_near(probabilities({.temperature = 0.5, .min_p = 0.45}), {0, 16.0 / 25, 0, 9.0 / 25});
    // The official rule cuts first: 0.2 is half of 0.4, and after it a quarter.
    check_near(probabilities({.temperature = 0.5, .rule = SamplingRule::official, .min_p = 0.45}),
               {4.0 / 29, 16.0 / 29, 0, 9.0 / 29});
    check_near(
        probabilities({.temperature = 1e-12, .rule = SamplingRule::official, .typical_p = 0.4}),
        {0, 0, 0, 1});
}

TEST_CASE("sampling: what was written counts, and bans hold at every temperature") {
    RecentIds recent;
    recent.push(std::vector<std::int32_t>{1, 0, 1});
    Rng rng(1);
    for (double const temperature : {0.0, 1e-3}) {
        SamplingOptions options{.temperature = temperature};
        CHECK(sample(four, rng, options, recent) == 1);
        options.logits.frequency = 0.2;  // 0.4 e^-0.4 < 0.3
        CHECK(sample(four, rng, options, recent) == 3);
        CHECK(sample(four, rng, options) == 1);
        options.logits.banned = {1, 3};
        CHECK(sample(four, rng, options) == 0);
        options.logits.bias[2] = 5;
        CHECK(sample(four, rng, options) == 2);
        options.logits.banned = {0, 1, 2, 3};
        CHECK_THROWS_WITH_AS(sample(four, rng, options),
                             "sample: no id is left: all are banned, or were minus infinity",
                             Error);
    }
}

TEST_CASE("sampling: as run.py does, with another top-p after a newline, or no end of text") {
    auto const after = [](SamplingOptions const& options, std::int32_t last) {
        RecentIds recent;
        recent.push(last);
        return sampling_probabilities(four, options, recent);
    };
    auto const power = [](double p) { return std::pow(p, 1 / 1.5); };
    // Running sums are 0.4, 0.7, 0.9, 1. In floats 0.7 is above 0.7.
    auto options = official_sampling_of_characters(2);
    options.top_p = 0.65;
    double const two = power(0.4) + power(0.3);
    check_near(after(options, 1), {0, power(0.4) / two, 0, power(0.3) / two});
    options.top_p_after->top_p = 0.85;
    double const three = two + power(0.2);
    check_near(after(options, 2), {power(0.2) / three, power(0.4) / three, 0, power(0.3) / three});
    CHECK(official_sampling_of_characters(2).top_p_after->top_p == 0.9);

    // Without token 0 there are 0.5, 0.375 and 0.125.
    check_near(after(official_sampling_of_tokens(0), 0),
               {0, power(0.4) / two, 0, power(0.3) / two});
    // Other vocabularies end a text with another token, or with none.
    CHECK(official_sampling_of_tokens(3).logits.banned == std::vector<std::int32_t>{3});
    CHECK(official_sampling_of_tokens(std::nullopt).logits.banned.empty());
}

}  // namespace
}  // namespace spikelet::test::sampling_test
