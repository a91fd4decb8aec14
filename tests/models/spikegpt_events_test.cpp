// SPDX-License-Identifier: MIT
//
// SpikeGPT whose matrices read graded spikes.
#include <spikelet/models/spikegpt.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/session.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/ops/cross_entropy.hpp>
#include <spikelet/ops/quantize.hpp>
#include <spikelet/train/input_density.hpp>

#include <io/support.hpp>
#include <support/lively_spikegpt.hpp>
#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test::spikegpt_events_test {
namespace {

constexpr index V = 23;
constexpr auto event_variants = {"event_driven", "event_driven_post"};

/// Thresholds at which events of all levels occur.
template <class Model = SpikeGpt<>>
Model event_model(SpikeGptConfig const& config) {
    auto model = lively_model<Model>(config);
    Rng rng(3);
    each_parameter(model, [&](std::string_view name, auto& p) {
        if (!name.ends_with("threshold")) { return; }
        for (auto& th : p.span()) { th = static_cast<float>(0.2 + 0.1 * std::abs(rng.normal())); }
    });
    return model;
}

SpikeGptConfig config_of(char const* variant, index channels = 20) {
    return make_config(find_variant(variant), V, 2, channels);
}

template <class Model, class Context>
std::vector<float> logits(Model const& model, Context& context, Tokens const& tokens) {
    auto const y = model(context.begin(tokens));
    return {y.data, y.data + y.extents.size()};
}

template <class Model>
std::vector<float> logits(Model const& model, Tokens const& tokens) {
    Forward forward;
    return logits(model, forward, tokens);
}

TEST_CASE("event-driven spikegpt: thresholds have the names of the reference's files") {
    auto const names = [](char const* variant, bool ffn_pre) {
        auto config = config_of(variant);
        config.ffn_pre = ffn_pre;
        SpikeGpt<> const model(config);
        std::set<std::string> list;
        each_file_parameter(model, [&](FileParameter const& known, auto const& p) {
            if (known.name.find("threshold") == std::string::npos) { return; }
            CHECK(known.shape == std::vector<index>{p.size()});
            list.insert(known.name);
        });
        return list;
    };
    std::set<std::string> shared{"head_threshold"};
    std::set<std::string> own{"head_threshold"};
    for (std::string const block : {"blocks.0.", "blocks.1."}) {
        for (auto const* name :
             {"att.threshold", "att.output_threshold", "ffn.threshold", "ffn.value_threshold"}) {
            shared.insert(block + name);
        }
        for (auto const* name :
             {"att.threshold_k", "att.threshold_v", "att.threshold_r", "att.output_threshold",
              "ffn.threshold_k", "ffn.threshold_r", "ffn.value_threshold"}) {
            own.insert(block + name);
        }
    }
    CHECK(names("event_driven", false) == shared);
    CHECK(names("event_driven_post", false) == own);
    for (std::string const name : {"threshold", "output_threshold"}) {
        shared.erase("blocks.0.att." + name);
    }
    shared.insert({"blocks.0.ffnPre.threshold", "blocks.0.ffnPre.value_threshold"});
    CHECK(names("event_driven", true) == shared);
}

TEST_CASE("event-driven spikegpt: a file gives the same model back") {
    spikelet_test::TemporaryFolder const folder;
    std::string const path = folder / "events.safetensors";
    auto const tokens = random_tokens(2, 20, V);
    for (auto const* variant : event_variants) {
        for (bool const ffn_pre : {false, true}) {
            auto config = config_of(variant);
            config.ffn_pre = ffn_pre;
            auto const model = event_model(config);
            save_checkpoint(path, model);
            SpikeGpt<> again(config);
            load_checkpoint(path, again);
            CHECK(same_bits(logits(again, tokens), logits(model, tokens)));
            CHECK(parameter_count(again) == config.parameter_count());
        }
    }
    SpikeGpt<> other(config_of("event_driven"));
    CHECK_THROWS_AS(load_checkpoint(path, other), Error);
}

TEST_CASE("event-driven spikegpt: every node shows all levels that the configuration gives it") {
    auto const tokens = random_tokens(4, 60, V);
    for (auto const* variant : event_variants) {
        auto config = config_of(variant);
        config.levels = {.inputs = 5, .output = 2, .head = 3};
        auto const model = event_model(config);
        Recorder recorder(model);
        Forward forward;
        forward.observe(&recorder);
        (void)model(forward.begin(tokens));
        auto const levels = [&](std::string const& site) {
            auto const& seen = recorder.seen[site + ".s"];
            return std::set<float>(seen.begin(), seen.end());
        };
        bool const shared = config.spikes.inputs == Inputs::shared_events;
        for (std::string const site :
             {"att.ev_k", "att.ev_v", "att.ev_r", "ffn.ev_k", "ffn.ev_r", "att.ev_x", "ffn.ev_x"}) {
            CAPTURE(site);
            bool const there = site.ends_with('x') == shared;
            CHECK(levels("blocks.1." + site) ==
                  (there ? std::set<float>{0, 1, 2, 3, 4, 5} : std::set<float>{}));
        }
        CHECK(levels("blocks.0.att.ev_o") == std::set<float>{-2, -1, 0, 1, 2});
        CHECK(levels("ev_head") == std::set<float>{0, 1, 2, 3});
        CHECK(levels("blocks.0.ffn.ev_v").size() > 100);  // numbers
        CHECK(levels("blocks.0.ffn.ev_v").contains(0));
    }
}

TEST_CASE("event-driven spikegpt: the surrogate of a model stands at every node") {
    auto config = config_of("event_driven_post");
    config.slope = 5.0;
    SpikeGpt<> const model(config);
    CHECK(model.ev_head->surrogate.slope == 5);
    for (auto const& block : model.blocks) {
        for (auto const* node : {&block.att->ev_k, &block.att->ev_v, &block.att->ev_r,
                                 &block.ffn.ev_k, &block.ffn.ev_r}) {
            CHECK((*node)->surrogate.slope == 5);
        }
        CHECK(block.att->ev_o->surrogate.slope == 5);
    }
}

TEST_CASE("event-driven spikegpt: all synapses of events are those of the matrices") {
    auto const C = 20.0;
    double const expected = 2 * (3 * C * C + C * C + (4 * C * C + C * C) + 4 * C * C) + V * C;
    for (auto const* variant : event_variants) {
        CHECK(event_synapses(SpikeGpt<>(config_of(variant))) == expected);
    }
    CHECK(event_synapses(SpikeGpt<>(config_of("spike_driven"))) == 0);
}

TEST_CASE("event-driven spikegpt: the price of events makes fewer of them") {
    auto const tokens = random_tokens(4, 30, V);
    auto const density_after = [&](double lambda) {
        auto model = event_model(config_of("event_driven"));
        allocate(model, true);
        Tape tape;
        tape.event_cost().set_price(lambda / event_synapses(model));
        for (int step = 0; step < 10; ++step) {
            zero_gradients(model);
            tape.backward(cross_entropy(model(tape.begin(tokens)), tokens));
            each_parameter(model, [](std::string_view name, auto& p) {
                if (!name.ends_with("threshold")) { return; }
                for (index i = 0; i < p.size(); ++i) { p.value()[i] -= p.gradient()[i]; }
            });
        }
        InputDensity density(model);
        Forward forward;
        forward.observe(&density);
        (void)model(forward.begin(tokens));
        CHECK(density.matrices().size() == 2 * 7 + 1);
        return density.mean();
    };
    double const free = density_after(0);
    CHECK(density_after(1) < 0.95 * free);
    CHECK(free > 0.2);
}

TEST_CASE("event-driven spikegpt: sizes in the type change no bit, whatever runs the model") {
    auto const tokens = random_tokens(1, 40, V);
    for (auto const* variant : event_variants) {
        auto const config = config_of(variant, 16);
        auto const fixed = event_model<SpikeGpt<V, 16, 2>>(config);
        auto const expected = logits(event_model(config), tokens);
        CHECK(same_bits(logits(fixed, tokens), expected));
        Session session{fixed, SessionOptions{.chunk = 3}};
        auto const last = session.feed(tokens.ids);
        CHECK(std::equal(last.begin(), last.end(), expected.end() - V));
    }
}

TEST_CASE("event-driven spikegpt: a session's type counts the memory of a configuration") {
    using Fixed = SpikeGpt<V, 16, 2>;
    constexpr SpikeGptConfig config = make_config(find_variant("event_driven"), V, 2, 16);
    auto const fixed = event_model<Fixed>(config);
    // By itself it counts with the default configuration, which has no events.
    CHECK_THROWS_WITH_AS((Session{fixed}),
                         "session: this model needs other memory than the session's type says; "
                         "footprint<Model>(config) as its fourth argument says it there, "
                         "SessionOptions take it at run time",
                         Error);
    Session<Fixed, Serial<>, float, footprint<Fixed>(config)> session{fixed};
    auto const tokens = random_tokens(1, 40, V);
    auto const expected = logits(fixed, tokens);
    for (std::size_t t = 0; t < 40; ++t) {
        auto const next = session(tokens.ids[t]);
        CHECK(std::equal(next.begin(), next.end(), expected.begin() + static_cast<index>(t) * V));
    }
}

TEST_CASE("event-driven spikegpt: a stream of events remembers three bits a channel") {
    SpikeGpt<> const shared(config_of("event_driven", 64));
    SpikeGpt<> const own(config_of("event_driven_post", 64));
    index const wkv = 2 * 3 * 64;
    CHECK(footprint(shared).state == wkv + 4 * 3 * 2);  // three words are six floats
    CHECK(footprint(own).state == wkv + 4 * 64);
    CHECK(footprint<double>(SpikeGpt<dyn, dyn, dyn, dyn, Arctan, double>(shared.config)).state ==
          wkv + 4 * 3);
}

using Stored = SpikeGpt<dyn, dyn, dyn, dyn, Arctan, float, any_weight>;

Stored stored(SpikeGpt<> const& model, WeightType type) {
    Stored few(model.config);
    each_stored_weight(few, [&](std::string_view, auto& w) { w.store_as(type, 64); });
    quantize(model, few);
    return few;
}

/// The distance of two passes, over the size of what is right.
double relative_error(std::vector<float> const& a, std::vector<float> const& right) {
    double error = 0;
    double size = 0;
    for (std::size_t i = 0; i < right.size(); ++i) {
        error += std::pow(static_cast<double>(a[i] - right[i]), 2);
        size += std::pow(static_cast<double>(right[i]), 2);
    }
    return std::sqrt(error / size);
}

TEST_CASE("event-driven spikegpt: the more bits a weight has, the less is lost") {
    auto const tokens = random_tokens(2, 40, V);
    for (auto const* variant : event_variants) {
        CAPTURE(variant);
        SpikeGpt<> model(config_of(variant, 70));
        Rng rng(1);
        init_spikegpt(model, Initialisation::A, rng);
        auto const exact = logits(model, tokens);
        auto const error = [&](WeightType type) {
            return relative_error(logits(stored(model, type), tokens), exact);
        };
        // One event that moves by a level is one of 70 numbers: errors come in steps.
        double const bytes = error(WeightType::int8);
        double const nibbles = error(WeightType::int4);
        double const trits = error(WeightType::ternary);
        CHECK(error(WeightType::f32) == 0);
        CHECK(error(WeightType::bf16) < 0.25);
        CHECK(bytes > 0);
        CHECK(bytes < 0.25);
        CHECK(nibbles > bytes);
        CHECK(nibbles < 0.4);
        CHECK(trits > nibbles);
        CHECK(trits < 0.8);
    }
}

TEST_CASE("event-driven spikegpt: in few bits a stream has the bits of the parallel pass") {
    auto const tokens = random_tokens(1, 75, V);
    for (auto const* variant : event_variants) {
        auto const model = event_model(config_of(variant, 70));
        for (NamedWeightType const& weights : weight_types) {
            CAPTURE(weights.name);
            auto const few = stored(model, weights.type);
            Forward parallel(OpenMp<>{2});
            auto const whole = logits(few, parallel, tokens);
            for (index const chunk : {1, 7, 70}) {
                Session session{few, SessionOptions{.chunk = chunk}};
                std::vector<float> all;
                for (index t = 0; t < tokens.time; t += chunk) {
                    auto const n = std::min(chunk, tokens.time - t);
                    auto const y = session(
                        std::span(tokens.ids)
                            .subspan(static_cast<std::size_t>(t), static_cast<std::size_t>(n)));
                    all.insert(all.end(), y.data(), y.data() + y.size());
                }
                CHECK(same_bits(all, whole));
            }
        }
    }
}

}  // namespace
}  // namespace spikelet::test::spikegpt_events_test
