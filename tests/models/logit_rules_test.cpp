// SPDX-License-Identifier: MIT
#include <spikelet/models/logit_rules.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>

namespace spikelet::test::logit_rules_test {
namespace {

using Ids = std::vector<std::int32_t>;
using Numbers = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();

Numbers ruled(LogitRules const& rules, Ids const& written, Numbers logits, index window = 64) {
    RecentIds recent(window);
    recent.push(written);
    detail::apply(rules, recent, logits);
    return logits;
}

Ids ids_of(RecentIds const& recent) {
    auto const ids = recent.ids();
    return {ids.begin(), ids.end()};
}

TEST_CASE("recent ids: the window holds the last ones and counts them") {
    RecentIds recent(3);
    CHECK_FALSE(recent.last().has_value());
    recent.push(Ids{5, 6, 5, 5});
    CHECK(ids_of(recent) == Ids{6, 5, 5});
    CHECK(recent.counts() == std::map<std::int32_t, index>{{5, 2}, {6, 1}});
    recent.push(7);
    CHECK(recent.counts() == std::map<std::int32_t, index>{{5, 2}, {7, 1}});
    CHECK(recent.last() == 7);
    RecentIds none(0);
    none.push(Ids{1, 2});
    CHECK(ids_of(none) == Ids{2});
}

TEST_CASE("recent ids: long texts leave the last ids and their counts") {
    for (index const window : {1, 2, 5, 64}) {
        CAPTURE(window);
        Rng rng(7);
        RecentIds recent(window);
        Ids all;
        for (int i = 0; i < 300; ++i) {
            all.push_back(static_cast<std::int32_t>(rng.below(9)));
            recent.push(all.back());
            Ids const last(all.end() - std::min(window, std::ssize(all)), all.end());
            std::map<std::int32_t, index> counts;
            for (std::int32_t const id : last) { ++counts[id]; }
            REQUIRE(ids_of(recent) == last);
            REQUIRE(recent.counts() == counts);
        }
    }
}

TEST_CASE("logit rules: by default logits stay as they are") {
    Numbers const z{1, -2, -infinity};
    CHECK(ruled({}, {0, 1, 2}, z) == z);
}

TEST_CASE("logit rules: penalties equal their formulas over the last ids of the window") {
    Rng rng(5);
    for (int trial = 0; trial < 100; ++trial) {
        auto const random_id = [&] { return static_cast<std::int32_t>(rng.below(12)); };
        LogitRules rules{.repetition = 0.5 + 2 * rng.uniform(),
                         .presence = rng.normal(),
                         .frequency = rng.normal()};
        rules.bias[random_id()] = rng.normal();
        rules.banned = {random_id()};
        Numbers z;
        for (int i = 0; i < 12; ++i) { z.push_back(3 * rng.normal()); }
        Ids written;
        for (index i = rng.below(50); i > 0; --i) { written.push_back(random_id()); }
        index const window = 1 + rng.below(30);

        auto expected = z;
        auto const from = std::max<index>(0, std::ssize(written) - window);
        for (std::int32_t id = 0; id < 12; ++id) {
            double& x = expected[static_cast<std::size_t>(id)];
            auto const n = std::count(written.begin() + from, written.end(), id);
            if (n > 0) {
                x = x > 0 ? x / rules.repetition : x * rules.repetition;
                x = x - rules.presence - rules.frequency * static_cast<double>(n);
            }
            if (rules.bias.contains(id)) { x += rules.bias.at(id); }
            if (id == rules.banned.front()) { x = -infinity; }
        }
        auto const found = ruled(rules, written, z, window);
        for (std::size_t i = 0; i < 12; ++i) {
            CHECK((found[i] == expected[i] || std::abs(found[i] - expected[i]) < 1e-12));
        }
    }
}

TEST_CASE("logit rules: a penalised id that never came still never comes") {
    auto const z = ruled({.repetition = 2, .presence = -5}, {1}, {0, -infinity});
    CHECK(z[1] == -infinity);
}

TEST_CASE("logit rules: what are no numbers or no ids are refused") {
    auto const refuses = [](LogitRules const& rules, char const* message) {
        CHECK_THROWS_WITH_AS(ruled(rules, {}, {1, 2}), message, Error);
    };
    char const* const repetition = "sample: the repetition penalty must be a number above 0";
    refuses({.repetition = 0}, repetition);
    refuses({.repetition = infinity}, repetition);
    refuses({.repetition = std::nan("")}, repetition);
    refuses({.presence = infinity}, "sample: the presence and frequency penalties must be numbers");
    refuses({.bias = {{2, 1.0}}}, "sample: a bias is for id 2, there are 2");
    refuses({.bias = {{0, infinity}}}, "sample: a bias must be a number");
    refuses({.banned = {-1}}, "sample: a ban is for id -1, there are 2");
    CHECK(ruled({.presence = 1}, {-7, 1000}, {1, 2}) == Numbers{1, 2});
}

}  // namespace
}  // namespace spikelet::test::logit_rules_test
