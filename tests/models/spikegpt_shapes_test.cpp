// SPDX-License-Identifier: MIT
#include <spikelet/models/spikegpt_shapes.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/models/spikegpt.hpp>

namespace spikelet::test::spikegpt_shapes_test {
namespace {

struct Named {
    std::string name;
    std::vector<index> shape;
};

/// The tensors of a model, as its file would have them.
std::vector<Named> tensors_of(SpikeGptConfig const& config) {
    std::vector<Named> tensors;
    SpikeGpt<> const model(config);
    each_file_parameter(model, [&](FileParameter const& known, auto const&) {
        tensors.push_back({known.name, known.shape});
    });
    return tensors;
}

TEST_CASE("spikegpt_shapes: sizes come from the tensors, for every variant") {
    for (Variant const& variant : variants) {
        CAPTURE(variant.name);
        for (bool const ffn_pre : {false, true}) {
            SpikeGptConfig config = make_config(variant, 23, 12, 5);
            config.hidden = 7;
            config.ffn_pre = ffn_pre;
            SpikeGptConfig const found = config_of_tensors(variant, tensors_of(config));
            CHECK(found.vocabulary == 23);
            CHECK(found.layers == 12);
            CHECK(found.channels == 5);
            CHECK(found.hidden == 7);
            CHECK(found.ffn_pre == ffn_pre);
            CHECK(found.spikes == variant.spikes);
            CHECK(found.neuron.threshold == config.neuron.threshold);
        }
    }
}

TEST_CASE("spikegpt_shapes: what is no SpikeGPT is refused") {
    using Tensors = std::vector<Named>;
    Tensors const good = tensors_of(make_config(variants[2], 23, 1, 5));
    auto const refused = [&](auto change) {
        Tensors tensors = good;
        change(tensors);
        try {
            static_cast<void>(config_of_tensors(variants[2], tensors));
        } catch (Error const& error) { return std::string(error.what()); }
        return std::string();
    };
    CHECK(refused([](Tensors&) {}).empty());
    CHECK(refused([](Tensors& t) { t.clear(); }) ==
          "tensors: there is no 'emb.weight', which every SpikeGPT has");
    CHECK(refused([](Tensors& t) { t[0].shape = {23}; }) ==
          "tensor 'emb.weight': it should be a matrix");
    CHECK(refused([](Tensors& t) {
              t[0].shape = {23, 0};
          }).find("channels is 0") != std::string::npos);
    CHECK(refused([](Tensors& t) {
              t.push_back({"blocks.4000.ln1.weight", {5}});
          }) == "tensors: there are more blocks than tensors: 4001");
    CHECK(refused([](Tensors& t) {
              t.push_back({"blocks.9223372036854775807.x", {5}});
          }).empty() == false);
}

}  // namespace
}  // namespace spikelet::test::spikegpt_shapes_test
