// SPDX-License-Identifier: MIT
#include "programs/spikegpt.hpp"

#include <array>

#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>
#include <spikelet/spikelet.hpp>

namespace spikelet_test::spikegpt_info_test {

namespace {

nlohmann::json info(Arguments const& arguments) {
    auto const done = spikegpt(Arguments{"info", "--json"} + arguments);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    return done.json();
}

}  // namespace

TEST_CASE("spikegpt info: named sizes have the parameters that the paper counts") {
    struct Known {
        char const* size;
        long parameters;
    };
    for (auto const& known : {Known{"46m", 41'226'240}, Known{"216m", 215'399'424},
                              Known{"430m", 430'397'440}, Known{"1b2", 1'187'815'424}}) {
        CHECK(info({"--size", known.size})["parameters"] == known.parameters);
    }
}

TEST_CASE("spikegpt info: a file tells what was trained") {
    auto const result = info({"--model", trained_on_characters().model});
    CHECK(result["model"]["variant"] == "spikegpt");
    CHECK(result["model"]["C"] == 16);
    CHECK(result["tensors"]["blocks.0.att.time_mix_k"] == nlohmann::json{1, 1, 16});
    CHECK(result["tensors"]["blocks.1.ffn.key.weight"] == nlohmann::json{64, 16});
    auto const people = spikegpt({"info", "--model", trained_on_characters().model});
    CHECK(people.out.find("variant      spikegpt\nlayers       2\n") != std::string::npos);
    CHECK(people.says("\nids          characters\n"));
    CHECK(result["ids"] == "characters");
    CHECK(info({"--model", trained_on_bytes().model})["ids"] == "bytes");
    CHECK(info({"--size", "nano"})["ids"].is_null());
}

TEST_CASE("spikegpt info: a number that JSON has not is a text") {
    TemporaryFolder folder;
    auto const file = spikelet::SafetensorsFile::open(trained_on_bytes().model);
    auto metadata = file.metadata();
    metadata["tau"] = "Infinity";
    metadata["decay_input"] = "false";
    std::string const model = folder / "model.safetensors";
    spikelet::write_safetensors(model, file.tensors(), metadata);
    CHECK(info({"--model", model})["model"]["tau"] == "Infinity");
}

TEST_CASE("spikegpt info: flags without an effect are refused") {
    for (char const* flag : {"--ctx", "--batch"}) {
        CHECK(spikegpt({"info", "--cpu", flag, "8"}).complains("excludes"));
    }
    TemporaryFolder folder;
    std::string const few = folder / "few.safetensors";
    REQUIRE(spikegpt({"quantize", "--model", trained_on_bytes().model, "--out", few, "--weights",
                      "int8"})
                .code == 0);
    CHECK(spikegpt({"info", "--model", few, "--ctx", "8"})
              .complains("--ctx: what training needs is told of language models of floats only"));
}

TEST_CASE("spikegpt info: neurons and events are told of where there are some") {
    for (char const* variant : {"spikegpt", "spikegpt_b", "spike_driven"}) {
        auto const told = spikegpt({"info", "--size", "nano", "--variant", variant});
        CHECK(told.says("\nneurons      tau 2, threshold "));
        CHECK_FALSE(told.says("\nevents "));
    }
    for (char const* variant : {"vanilla_rwkv", "heaviside_rwkv", "event_driven"}) {
        auto const told = spikegpt({"info", "--size", "nano", "--variant", variant});
        CHECK_FALSE(told.says("\nneurons "));
        CHECK(told.says("\nevents       levels up to 7, 3 in front of time mixing's output, 7 of "
                        "the head\n") == (std::string_view(variant) == "event_driven"));
    }
}

TEST_CASE("spikegpt info: tensors that blocks have in common are one line") {
    auto const large = spikegpt({"info", "--size", "216m"});
    CHECK(large.says("\n  blocks.0-17.att.key.weight "));
    CHECK(std::count(large.out.begin(), large.out.end(), '\n') < 40);

    TemporaryFolder folder;
    auto const done = spikegpt({"train", "--data", trained_on_bytes().text, "--out", folder / "run",
                                "--steps", "1", "--layers", "3", "--embd", "8", "--ffn-pre"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    auto const mixed = spikegpt({"info", "--model", folder / "run/model.safetensors"});
    CHECK(mixed.says("\n  blocks.0.ffnPre.key.weight "));
    CHECK(mixed.says("\n  blocks.1-2.att.key.weight "));
    CHECK(mixed.says("\n  blocks.0-2.ffn.key.weight "));
}

TEST_CASE("spikegpt info: memory to train is what a tape takes") {
    using namespace spikelet;
    for (bool const recompute : {false, true}) {
        for (std::string const variant : {"spikegpt", "spike_driven"}) {
            SpikeGpt<> model(make_config(find_variant(variant), 256, 2, 64));
            Rng rng{1};
            init(model, rng);
            allocate(model, true);
            Tape tape{serial, {.recompute = recompute}};
            Tokens tokens;
            tokens.resize(2, 512);
            tape.backward(cross_entropy(model(tape.begin(tokens)), tokens));
            Arguments arguments{"--size",  "nano", "--variant", variant,
                                "--batch", "2",    "--ctx",     "512"};
            if (recompute) { arguments.push_back("--recompute"); }
            auto const told = info(arguments)["activation_bytes"].get<double>();
            // A tape takes memory in ever larger blocks, of which the last is partly unused.
            auto const held = static_cast<double>(tape.bytes());
            CHECK(told <= held);
            CHECK(held <= 2 * told);
        }
    }
}

TEST_CASE("spikegpt info: memory to stream is the footprint of a session") {
    using namespace spikelet;
    SpikeGpt<> const model(make_config(find_variant("spike_driven"), 256, 2, 64));
    auto const needs = footprint(model);
    auto const told = info({"--size", "nano", "--variant", "spike_driven"});
    CHECK(told["state_numbers"] == needs.state);
    CHECK(told["streaming_bytes"] == needs.scratch + needs.workspace + 4 * needs.state);
}

}  // namespace spikelet_test::spikegpt_info_test
