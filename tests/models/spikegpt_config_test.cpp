// SPDX-License-Identifier: MIT
#include <spikelet/models/spikegpt_config.hpp>

#include <doctest/doctest.h>

#include <spikelet/models/spikegpt.hpp>

namespace spikelet::test::spikegpt_config_test {
namespace {

TEST_CASE("variants: each has a name of its own") {
    for (Variant const& v : variants) {
        CHECK(&find_variant(v.name) == &v);
        CHECK_FALSE(v.meaning.empty());
    }
    CHECK(find_variant("vanilla_rwkv").spikes.residual == Node::none);
    CHECK(find_variant("heaviside_rwkv").spikes.residual == Node::heaviside);
    CHECK(find_variant("spikegpt").spikes == Placement{});
    CHECK(find_variant("spikegpt_b").spikes.spiking_hidden);
    CHECK(find_variant("spike_driven").spikes.inputs == Inputs::lif);
    CHECK(find_variant("event_driven").spikes.inputs == Inputs::shared_events);
    CHECK(find_variant("event_driven_post").spikes.inputs == Inputs::own_events);
}

TEST_CASE("variants, sizes: unknown names are an error that lists the known ones") {
    CHECK_THROWS_WITH_AS((void)find_variant("gpt"),
                         "variant: 'gpt' is not one of vanilla_rwkv, heaviside_rwkv, spikegpt, "
                         "spikegpt_b, spike_driven, event_driven, event_driven_post",
                         Error);
    CHECK_THROWS_WITH_AS((void)find_size("huge"),
                         "size: 'huge' is not one of nano, tiny, 46m, 216m, 430m, 1b2", Error);
}

TEST_CASE("config: counts the parameters that the model has") {
    for (Variant const& v : variants) {
        for (bool const ffn_pre : {false, true}) {
            for (index const hidden : {0, 7}) {
                auto config = make_config(v, 11, 3, 5);
                config.ffn_pre = ffn_pre;
                config.hidden = hidden;
                CHECK(config.parameter_count() == parameter_count(SpikeGpt<>(config)));
            }
        }
    }
}

TEST_CASE("config: the named sizes have the published numbers of parameters") {
    auto const count = [](std::string_view name) {
        auto const& s = find_size(name);
        return make_config(variants[2], s.vocabulary, s.layers, s.channels).parameter_count();
    };
    CHECK(count("46m") == 41226240);
    CHECK(count("216m") == 215399424);
    CHECK(count("430m") == 430397440);
    CHECK(count("1b2") == 1187815424);
}

TEST_CASE("config: neurons in front of matrices have lower thresholds") {
    auto const usual = make_config(find_variant("spikegpt"), 11, 3, 5);
    CHECK(usual.neuron.threshold == 1);
    CHECK(usual.output_threshold == 1);
    auto const driven = make_config(find_variant("spike_driven"), 11, 3, 5);
    CHECK(driven.neuron.threshold == 0.5);
    CHECK(driven.output_threshold == 0.25);
}

TEST_CASE("config: hidden channels are four times the channels unless given") {
    SpikeGptConfig config;
    config.channels = 10;
    CHECK(config.hidden_channels() == 40);
    config.hidden = 17;
    CHECK(config.hidden_channels() == 17);
}

}  // namespace
}  // namespace spikelet::test::spikegpt_config_test
