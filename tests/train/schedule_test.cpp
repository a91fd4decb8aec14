// SPDX-License-Identifier: MIT
#include <spikelet/train/schedule.hpp>

#include <doctest/doctest.h>

namespace spikelet::test::schedule_test {
namespace {

Schedule make(LearningRateDecay decay) {
    return {.decay = decay, .peak = 1.0, .final = 0.1, .warmup = 10, .total = 110};
}

TEST_CASE("schedule: rises to the peak, and never starts at zero") {
    for (LearningRateDecay const decay : {LearningRateDecay::constant, LearningRateDecay::linear,
                                          LearningRateDecay::cosine, LearningRateDecay::wsd}) {
        auto const s = make(decay);
        CHECK(s.at(0) > 0);
        for (int t = 0; t < 10; ++t) {
            CHECK(s.at(t) < s.at(t + 1));
            CHECK(s.at(t) == doctest::Approx((t + 1) / 11.0));
        }
        CHECK(s.at(10) == doctest::Approx(1));
    }
}

TEST_CASE("schedule: falls to the final rate and stays there") {
    for (LearningRateDecay const decay :
         {LearningRateDecay::linear, LearningRateDecay::cosine, LearningRateDecay::wsd}) {
        auto const s = make(decay);
        for (int t = 10; t < 110; ++t) { CHECK(s.at(t) >= s.at(t + 1)); }
        CHECK(s.at(109) > 0.1);
        CHECK(s.at(110) == doctest::Approx(0.1));
        CHECK(s.at(1000) == doctest::Approx(0.1));
    }
    CHECK(make(LearningRateDecay::constant).at(1000) == 1);
}

TEST_CASE("schedule: the shapes in between") {
    CHECK(make(LearningRateDecay::linear).at(35) == doctest::Approx(1 - 0.25 * 0.9));
    CHECK(make(LearningRateDecay::cosine).at(60) == doctest::Approx(0.55));
    CHECK(make(LearningRateDecay::cosine).at(35) ==
          doctest::Approx(0.1 + 0.9 * 0.5 * (1 + std::sqrt(0.5))));
    // Stable for four fifths, then straight down.
    CHECK(make(LearningRateDecay::wsd).at(90) == doctest::Approx(1));
    CHECK(make(LearningRateDecay::wsd).at(100) == doctest::Approx(0.55));
}

TEST_CASE("schedule: without warmup it starts at the peak") {
    for (auto const& named : learning_rate_decays) {
        CAPTURE(named.name);
        Schedule const s{.decay = named.decay, .peak = 1.0, .final = 0.1, .total = 100};
        CHECK(s.at(0) == doctest::Approx(1));
    }
}

TEST_CASE("schedule: a share of the decay of none or all is a number, too") {
    auto s = make(LearningRateDecay::wsd);
    s.decay_share = 0;
    CHECK(s.at(60) == doctest::Approx(1));
    CHECK(s.at(109) == doctest::Approx(1));
    s.decay_share = 1;
    CHECK(s.at(60) == doctest::Approx(0.55));
}

TEST_CASE("schedule: the official one follows the trainer's formula") {
    auto const s = make(LearningRateDecay::official);
    CHECK(s.at(0) == 1);
    CHECK(s.at(5) == doctest::Approx(0.1 + 0.9 * 0.5));
    CHECK(s.at(10) == doctest::Approx(1));
    CHECK(s.at(60) == doctest::Approx(0.55));
    CHECK(s.at(110) == doctest::Approx(0.1));
    // Past the end of the official runs, where the formula would rise to the peak again.
    CHECK(s.at(160) == doctest::Approx(0.1));
    CHECK(s.at(210) == doctest::Approx(0.1));
}

TEST_CASE("schedule: shapes have names") {
    for (auto const& [name, decay] : learning_rate_decays) {
        CHECK(find_learning_rate_decay(name) == decay);
    }
    CHECK_THROWS_WITH_AS((void)find_learning_rate_decay("step"),
                         "schedule: 'step' is not one of constant, linear, cosine, wsd, official",
                         Error);
}

TEST_CASE("schedule: rates of 0 and shares beyond 1 make numbers, too") {
    Schedule const none{.decay = LearningRateDecay::official, .peak = 0, .final = 0.5, .total = 8};
    CHECK(none.at(4) == doctest::Approx(0.25));
    auto s = make(LearningRateDecay::wsd);
    s.decay_share = 3;
    CHECK(s.at(10) == doctest::Approx(1));
    CHECK(s.at(110) == doctest::Approx(0.1));
}

}  // namespace
}  // namespace spikelet::test::schedule_test
