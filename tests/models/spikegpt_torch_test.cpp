// SPDX-License-Identifier: MIT
// Official-style files against the reference: weights of a .pth file give the golden logits.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/core/policy.hpp>
#include <spikelet/core/tokens.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/checkpoint_file.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>
#include <spikelet/models/spikegpt_shapes.hpp>

#include "io/support.hpp"

namespace spikelet::test::spikegpt_torch_test {
namespace {

using spikelet_test::shared_folder;
using spikelet_test::TemporaryFolder;

/// Logits of a model on the sequences of a golden case.
std::vector<float> logits_of(SpikeGpt<> const& model, SafetensorsFile const& data) {
    auto const& shape = data.tensor("tokens").shape;  // [step, batch, time]
    auto const all = data.read<std::int32_t>("tokens");
    Tokens tokens;
    tokens.resize(shape[1], shape[2]);
    std::copy_n(all.begin(), tokens.ids.size(), tokens.ids.begin());
    Forward forward{serial};
    auto const logits = model(forward.begin(tokens));
    return {logits.data, logits.data + logits.extents.size()};
}

double largest_difference(std::vector<float> const& a, std::vector<float> const& b) {
    REQUIRE(a.size() == b.size());
    double most = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    }
    return most;
}

SpikeGpt<> model_of(CheckpointFile const& file) {
    SpikeGpt<> model{config_of_tensors(find_variant("spikegpt"), file.tensors())};
    load_checkpoint(file, model);
    return model;
}

TEST_CASE("spikegpt_torch: official files give the reference's logits") {
    auto const golden = shared_folder() / "golden";
    if (!std::filesystem::exists(golden / "pth")) {
        MESSAGE("skipped: no golden data at ", golden.string());
        return;
    }
    auto const open = [&](char const* name) {
        return CheckpointFile::open((golden / "pth" / name).string());
    };
    auto const reference = SafetensorsFile::open(golden / "spikegpt_L3C32/forward.safetensors");
    auto const data = SafetensorsFile::open(golden / "spikegpt_L3C32/data.safetensors");
    auto const expected = reference.read<float>("logits");
    for (char const* name : {"spikegpt_L3C32_fp32.pth", "spikegpt_L3C32_fp32_legacy.pth"}) {
        CAPTURE(name);
        auto const model = model_of(open(name));
        CHECK(model.config.layers == 3);
        CHECK(largest_difference(logits_of(model, data), expected) <= 2e-5);
    }

    auto const rounded = model_of(open("spikegpt_L3C32_bf16.pth"));
    auto const same = model_of(open("spikegpt_L3C32_bf16_as_f32.safetensors"));
    CHECK(logits_of(rounded, data) == logits_of(same, data));

    // Half has 11 bits: every weight is that near to the float it was made from.
    auto const half = open("spikegpt_L3C32_fp16.pth");
    auto const whole = open("spikegpt_L3C32_fp32.pth");
    for (StoredTensor const& tensor : half.tensors()) {
        CHECK(tensor.dtype == Dtype::F16);
        auto const a = half.read<float>(tensor.name);
        auto const b = whole.read<float>(tensor.name);
        REQUIRE(a.size() == b.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            CHECK(std::abs(a[i] - b[i]) <= std::abs(b[i]) * 0x1p-11f + 0x1p-25f);
        }
    }
    CHECK(logits_of(model_of(half), data).size() == expected.size());
}

TEST_CASE("spikegpt_torch: our own reference values come out of a .pth file, too") {
    std::string const golden = SPIKELET_SOURCE_DIR "/tests/golden/";
    TemporaryFolder folder;
    for (char const* name : {"spikegpt_L2C20", "spike_driven_L2C20"}) {
        CAPTURE(name);
        auto const weights = CheckpointFile::open(golden + name + "/weights.safetensors");
        write_torch(folder / "model.pth", weights.tensors(), weights.metadata());
        auto const file = CheckpointFile::open(folder / "model.pth");
        SpikeGpt<> model{config_from_metadata(file.metadata())};
        load_checkpoint(file, model);
        auto const data = SafetensorsFile::open(golden + name + "/data.safetensors");
        auto const reference = SafetensorsFile::open(golden + name + "/forward.safetensors");
        CHECK(largest_difference(logits_of(model, data), reference.read<float>("logits")) <= 2e-5);
    }
}

}  // namespace
}  // namespace spikelet::test::spikegpt_torch_test
