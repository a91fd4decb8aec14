// SPDX-License-Identifier: MIT
#include <spikelet/models/spikegpt_init.hpp>

#include <map>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/models/spikegpt.hpp>

#include <support/reference.hpp>

namespace spikelet::test::spikegpt_init_test {
namespace {

constexpr index V = 40;
constexpr index C = 20;

using Weights = std::map<std::string, std::vector<double>>;

Weights weights_of(SpikeGpt<> const& model) {
    Weights all;
    each_parameter(model, [&](std::string_view name, auto const& p) {
        all[std::string(name)] = {p.span().begin(), p.span().end()};
    });
    return all;
}

Weights weights_of(SpikeGpt<>& model, Initialisation form, std::uint64_t seed = 1) {
    Rng rng(seed);
    init_spikegpt(model, form, rng);
    return weights_of(model);
}

Weights weights_of(Initialisation form, index layers = 3, std::uint64_t seed = 1) {
    SpikeGpt<> model(make_config(find_variant("spikegpt"), V, layers, C));
    return weights_of(model, form, seed);
}

TEST_CASE("init: the curves over channels and layers are RWKV's, in every form") {
    for (auto const form : {Initialisation::A, Initialisation::B, Initialisation::C}) {
        auto const w = weights_of(form);
        for (int l = 0; l < 3; ++l) {
            auto const at = [&](char const* name, int c) {
                return w.at("blocks." + std::to_string(l) + "." +
                            name)[static_cast<std::size_t>(c)];
            };
            for (int const c : {0, 1, 7, 19}) {
                double const depth = l / 2.0;
                double const left = 1 - l / 3.0;
                double const share = c / 20.0;
                CHECK(at("att.time_decay", c) ==
                      doctest::Approx(-5 + 8 * std::pow(c / 19.0, 0.7 + 1.3 * depth)));
                CHECK(at("att.time_first", c) ==
                      doctest::Approx(std::log(0.3) + 0.5 * ((c + 1) % 3 - 1)));
                CHECK(at("att.time_mix_k", c) == doctest::Approx(std::pow(share, left)));
                CHECK(at("att.time_mix_v", c) ==
                      doctest::Approx(std::pow(share, left) + 0.3 * depth));
                CHECK(at("att.time_mix_r", c) == doctest::Approx(std::pow(share, left / 2)));
                CHECK(at("ffn.time_mix_k", c) == doctest::Approx(std::pow(share, left)));
                CHECK(at("ffn.time_mix_r", c) == doctest::Approx(std::pow(share, left)));
                CHECK(at("ln1.weight", c) == 1);
                CHECK(at("ln2.bias", c) == 0);
            }
        }
    }
}

double largest(std::vector<double> const& w) {
    double m = 0;
    for (double x : w) { m = std::max(m, std::abs(x)); }
    return m;
}

TEST_CASE("init: form A is uniform in +-1/sqrt(in), the embedding normal") {
    auto const w = weights_of(Initialisation::A);
    double const bound = 1 / std::sqrt(20.0);
    for (auto const* name : {"blocks.0.att.key.weight", "blocks.2.att.output.weight",
                             "blocks.1.ffn.key.weight", "head.weight"}) {
        CHECK(largest(w.at(name)) <= bound);
        CHECK(largest(w.at(name)) > 0.95 * bound);
    }
    CHECK(largest(w.at("blocks.1.ffn.value.weight")) <= bound / 2);
    CHECK(largest(w.at("emb.weight")) > 2);
}

/// The largest distance of w w^T or w^T w (whichever is smaller) from gain^2 times one.
double skew(std::vector<double> const& w, index rows, index columns, double gain) {
    auto const t = reference::transposed(w, rows, columns);
    index const n = std::min(rows, columns);
    auto const g = rows <= columns ? reference::product(w, t, rows, columns, rows)
                                   : reference::product(t, w, columns, rows, columns);
    double worst = 0;
    for (index i = 0; i < n * n; ++i) {
        double const expected = i / n == i % n ? gain * gain : 0;
        worst = std::max(worst, std::abs(g[static_cast<std::size_t>(i)] - expected));
    }
    return worst / (gain * gain);
}

TEST_CASE("init: form B is orthogonal with gain 1, embedding and head with gains of their own") {
    auto const w = weights_of(Initialisation::B);
    for (auto const* name :
         {"att.key", "att.value", "att.receptance", "att.output", "ffn.receptance"}) {
        CHECK(skew(w.at("blocks.1." + std::string(name) + ".weight"), C, C, 1) < 1e-5);
    }
    CHECK(skew(w.at("blocks.1.ffn.key.weight"), C, 4 * C, 1) < 1e-5);
    CHECK(skew(w.at("blocks.1.ffn.value.weight"), 4 * C, C, 1) < 1e-5);
    CHECK(skew(w.at("emb.weight"), V, C, 1e-4 * std::sqrt(40.0)) < 1e-5);
    CHECK(skew(w.at("head.weight"), C, V, 0.5 * std::sqrt(2.0)) < 1e-5);
}

TEST_CASE("init: form C is zero for what only scales or adds to the stream") {
    auto const w = weights_of(Initialisation::C);
    for (auto const* name :
         {"att.key", "att.receptance", "att.output", "ffn.value", "ffn.receptance"}) {
        CHECK(largest(w.at("blocks.1." + std::string(name) + ".weight")) == 0);
    }
    CHECK(skew(w.at("blocks.1.att.value.weight"), C, C, 1) < 1e-5);
    CHECK(skew(w.at("blocks.1.ffn.key.weight"), C, 4 * C, 2) < 1e-5);
}

TEST_CASE("init: one layer, and a first block without time, have finite curves too") {
    for (auto const form : {Initialisation::A, Initialisation::B, Initialisation::C}) {
        auto config = make_config(find_variant("spikegpt"), V, 1, C);
        config.ffn_pre = true;
        SpikeGpt<> model(config);
        auto const with_pre = weights_of(model, form);
        CHECK(with_pre.count("blocks.0.ffnPre.key.weight") == 1);
        for (auto const& all : {with_pre, weights_of(form, 1)}) {
            for (auto const& named : all) {
                CAPTURE(named.first);
                CHECK(std::isfinite(largest(named.second)));
            }
        }
    }
}

TEST_CASE("init: one seed, one model") {
    CHECK(weights_of(Initialisation::B, 2, 1) == weights_of(Initialisation::B, 2, 1));
    CHECK(weights_of(Initialisation::B, 2, 1) != weights_of(Initialisation::B, 2, 2));
}

TEST_CASE("init: without a form it is C, whoever calls it") {
    auto config = make_config(find_variant("spikegpt"), V, 3, C);
    config.ffn_pre = true;
    SpikeGpt<> expected(config);
    Rng first(1);
    init_spikegpt(expected, Initialisation::C, first);
    SpikeGpt<> model(config);
    Rng rng(1);
    init(model, rng);
    CHECK(weights_of(model) == weights_of(expected));
}

TEST_CASE("init: forms have names") {
    CHECK(find_initialisation("A") == Initialisation::A);
    CHECK(find_initialisation("C") == Initialisation::C);
    CHECK_THROWS_WITH_AS((void)find_initialisation("D"), "init: 'D' is not one of A, B, C", Error);
}

TEST_CASE("init_spikegpt: constant numbers are refused before anything changes") {
    static float const flash[8] = {};
    SpikeGpt<11, 8, 1> model;
    model.ln_out.bias.bind(flash);
    Rng rng(1);
    CHECK_THROWS_WITH_AS(init_spikegpt(model, Initialisation::C, rng),
                         "init: 'ln_out.bias' is bound to constant numbers", Error);
    CHECK(model.emb.weight.value() == nullptr);
}

}  // namespace
}  // namespace spikelet::test::spikegpt_init_test
