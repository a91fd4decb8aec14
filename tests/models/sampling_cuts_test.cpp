// SPDX-License-Identifier: MIT
#include <spikelet/models/sampling_cuts.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>

namespace spikelet::test::sampling_cuts_test {
namespace {

using Numbers = std::vector<double>;

Numbers random_probabilities(index n, Rng& rng, double spread) {
    Numbers p;
    for (index i = 0; i < n; ++i) { p.push_back(std::exp(spread * rng.normal())); }
    detail::normalize(p);
    return p;
}

/// Takes the best of what is left, one after another, until these together reach the share.
Numbers greedily(Numbers const& p, double share,
                 std::function<bool(double, double)> const& better) {
    double const all = std::accumulate(p.begin(), p.end(), 0.0);
    Numbers kept(p.size());
    for (double sum = 0; sum == 0 || sum < share * all;) {
        std::size_t best = p.size();
        for (std::size_t i = 0; i < p.size(); ++i) {
            if (p[i] > 0 && kept[i] == 0 && (best == p.size() || better(p[i], p[best]))) {
                best = i;
            }
        }
        if (best == p.size()) { break; }
        kept[best] = p[best];
        sum += p[best];
    }
    return kept;
}

TEST_CASE("sampling cuts: each keeps what its definition says") {
    Rng rng(11);
    for (int trial = 0; trial < 300; ++trial) {
        Numbers const p = random_probabilities(1 + rng.below(40), rng, 3 * rng.uniform());
        double const share = rng.uniform();
        auto cut = p;
        detail::keep_top_p(cut, share);
        CHECK(cut == greedily(p, share, std::greater{}));

        cut = p;
        detail::keep_typical(cut, share);
        double const entropy = std::accumulate(
            p.begin(), p.end(), 0.0, [](double sum, double x) { return sum - x * std::log(x); });
        CHECK(cut == greedily(p, share, [&](double a, double b) {
                  return std::abs(std::log(a) + entropy) < std::abs(std::log(b) + entropy);
              }));

        cut = p;
        detail::keep_min_p(cut, share);
        double const top = *std::max_element(p.begin(), p.end());
        for (std::size_t i = 0; i < p.size(); ++i) {
            CHECK(cut[i] == (p[i] >= share * top ? p[i] : 0.0));
        }

        cut = p;
        index const k = rng.below(12);
        detail::keep_top_k(cut, k);
        auto const left = std::count_if(cut.begin(), cut.end(), [](double x) { return x > 0; });
        CHECK(left == (k == 0 ? std::ssize(p) : std::min(k, std::ssize(p))));
    }
}

TEST_CASE("sampling cuts: a ranking is a stable sort of what is left, however far it is read") {
    Rng rng(13);
    // Around the numbers that are sorted at once, without equals and with many.
    for (index const n : {1, 63, 64, 65, 511, 512, 513, 6000}) {
        for (index const kinds : {index{1}, index{7}, n, 10 * n}) {
            Numbers p;
            for (index i = 0; i < n; ++i) { p.push_back(static_cast<double>(rng.below(kinds))); }
            p.back() = 1;
            std::vector<std::size_t> expected;
            for (std::size_t id = 0; id < p.size(); ++id) {
                if (p[id] > 0) { expected.push_back(id); }
            }
            std::ranges::stable_sort(expected, std::greater{},
                                     [&](std::size_t id) { return p[id]; });
            auto order = detail::likeliest_first(p);
            REQUIRE(order.size() == expected.size());
            std::vector<std::size_t> ids;
            for (std::size_t i = 0; i < order.size(); ++i) { ids.push_back(order[i]); }
            CHECK(ids == expected);
        }
    }
}

TEST_CASE("sampling cuts: the likeliest token need not be a typical one") {
    // H is 1.61, and -ln p 0.69, 2.30, 2.30, ...: the five others are nearer.
    Numbers p{0.5, 0.1, 0.1, 0.1, 0.1, 0.1};
    detail::keep_typical(p, 0.3);
    CHECK(p == Numbers{0, 0.1, 0.1, 0.1, 0, 0});
}

TEST_CASE("sampling cuts: a share of 1 keeps all, one of 0 the first") {
    Rng rng(12);
    Numbers const p = random_probabilities(20, rng, 1);
    for (auto* cut : {detail::keep_top_p, detail::keep_top_p_by_value, detail::keep_typical}) {
        auto all = p;
        cut(all, 1);
        CHECK(all == p);
        auto first = p;
        cut(first, 0);
        CHECK(std::count(first.begin(), first.end(), 0.0) == 19);
    }
    auto all = p;
    detail::keep_min_p(all, 0);
    CHECK(all == p);
}

TEST_CASE("sampling cuts: a power leaves zeros, and something of the rest however large it is") {
    Numbers p{0, 0.2, 0.1};
    detail::to_power(p, 2);
    CHECK(p[0] == 0);
    CHECK(p[1] == 1);
    CHECK(p[2] == doctest::Approx(0.25));
    Numbers few{0, 1e-3, 1e-4};
    detail::to_power(few, 1e9);
    CHECK(few == Numbers{0, 1, 0});
}

}  // namespace
}  // namespace spikelet::test::sampling_cuts_test
