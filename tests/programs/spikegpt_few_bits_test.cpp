// SPDX-License-Identifier: MIT
// Runs whose matrices train in the few bits that they are stored in.
#include "programs/spikegpt.hpp"

#include <cmath>

namespace spikelet_test::spikegpt_few_bits_test {

namespace {

struct Run {
    TemporaryFolder folder;
    std::string text = folder / "text.txt";
    std::string valid = folder / "valid.txt";
    std::string path = folder / "run";
    std::string model = path + "/model.safetensors";

    Run() {
        write_file(text, sample_text());
        write_file(valid, sample_text(20));
    }

    [[nodiscard]] Arguments train(std::string const& out, std::string const& steps) const {
        return Arguments{"train",         "--data", text,           "--valid", valid,
                         "--out",         out,      "--steps",      steps,     "--json",
                         "--eval-tokens", "0",      "--save-every", "7"} +
               tiny;
    }
};

Arguments const ternary{"--weights", "ternary", "--head-weights", "int8", "--weight-group", "64"};

double bits_of(std::string const& model, std::string const& text) {
    auto const done = spikegpt({"eval", "--model", model, "--data", text, "--json"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    return done.json()["bpc"];
}

}  // namespace

TEST_CASE("spikegpt train --weights: eval computes as training did, quantize stores what trained") {
    Run const run;
    for (char const* variant : {"spikegpt", "spike_driven"}) {
        CAPTURE(variant);
        auto const trained = spikegpt(run.train(run.path, "60") + ternary +
                                      Arguments{"--variant", variant, "--force"});
        REQUIRE_MESSAGE(trained.code == 0, trained.err);
        CHECK(trained.complains("matrices train as ternary, head int8, one scale for 64 inputs"));
        double const bits = bits_of(run.model, run.valid);
        CHECK(trained.json()["valid_bpc"].get<double>() == doctest::Approx(bits).epsilon(1e-12));
        CHECK(bits < 6);

        std::string const small = run.folder / "small.safetensors";
        auto const made = spikegpt(
            {"quantize", "--model", run.model, "--out", small, "--data", run.valid, "--json"});
        REQUIRE_MESSAGE(made.code == 0, made.err);
        auto const json = made.json();
        CHECK(json["weights"] == "ternary");
        CHECK(json["head"] == "int8");
        CHECK(json["group"] == 64);
        CHECK(json["bpc_before"].get<double>() == doctest::Approx(bits).epsilon(1e-12));
        CHECK(std::abs(json["bpc"].get<double>() - bits) < 0.01);
        CHECK(bits_of(small, run.valid) == doctest::Approx(json["bpc"].get<double>()));

        auto const written = spikegpt({"generate", "--greedy", "--model", run.model});
        CHECK(written.code == 0);
        CHECK(!written.out.empty());
    }
    CHECK(spikegpt({"info", "--model", run.model})
              .says("trains as    ternary, head int8, one scale for 64 inputs"));
}

TEST_CASE("spikegpt train --weights: a run that goes on keeps its bits, and refuses others") {
    Run const run;
    REQUIRE(spikegpt(run.train(run.path, "10") + ternary).code == 0);
    Arguments const resume{"train", "--out", run.path, "--resume", "--steps", "20"};
    auto const other = spikegpt(resume + Arguments{"--weights", "int4"});
    CHECK(other.code == 1);
    CHECK(other.complains("--weights is \"int4\", the run was started with \"ternary\""));
    auto const more = spikegpt(resume);
    REQUIRE_MESSAGE(more.code == 0, more.err);
    CHECK(more.says("matrices train as ternary, head int8, one scale for 64 inputs"));
    CHECK(spikegpt({"info", "--model", run.model}).says("trains as    ternary"));
}

TEST_CASE("spikegpt train --weights: from a model, as it trains or as is asked for") {
    Run const run;
    std::string const more = run.folder / "more";
    std::string const again = more + "/model.safetensors";
    auto const from = [&](std::string const& model, Arguments const& how) {
        auto const done =
            spikegpt(Arguments{"train", "--data", run.text, "--out", more, "--steps", "3", "--ctx",
                               "16", "--batch", "2", "--force", "--init-from", model} +
                     how);
        REQUIRE_MESSAGE(done.code == 0, done.err);
        return spikegpt({"info", "--model", again});
    };
    REQUIRE(spikegpt(run.train(run.path, "3")).code == 0);
    CHECK(!from(run.model, {}).says("trains as"));
    CHECK(from(run.model, {"--weights", "int4"}).says("trains as    int4\n"));
    std::string const few = run.folder / "few";
    REQUIRE(spikegpt(run.train(few, "3") + ternary).code == 0);
    std::string const few_model = few + "/model.safetensors";
    CHECK(from(few_model, {}).says("trains as    ternary, head int8, one scale for 64 inputs"));
    CHECK(from(few_model, {"--weights", "int4"})
              .says("trains as    int4, head int8, one scale for 64 inputs"));
    CHECK(from(few_model, {"--weights", "bf16", "--head-weights", "bf16"})
              .says("trains as    bf16\n"));  // without scales
    CHECK(!from(few_model, {"--weights", "f32", "--head-weights", "f32", "--weight-group", "0"})
               .says("trains as"));
}

TEST_CASE("spikegpt train --weights: wrong uses are explained") {
    Run const run;
    auto const complaint = [&](Arguments const& how) {
        return spikegpt(run.train(run.path, "3") + how).err;
    };
    auto const says = [](std::string const& text, char const* what) {
        return text.find(what) != std::string::npos;
    };
    CHECK(says(complaint({"--weights", "int3"}), "not one of"));
    CHECK(says(complaint({"--weights", "int4", "--weight-group", "65"}), "multiple of 64"));
    CHECK(says(complaint({"--weight-group", "64"}), "these types have no scales"));
    CHECK(!std::filesystem::exists(run.model));
    REQUIRE(spikegpt(run.train(run.path, "3")).code == 0);
    auto const plain =
        spikegpt({"quantize", "--model", run.model, "--out", run.folder / "x.safetensors"});
    CHECK(plain.code != 0);
    CHECK(plain.complains("--weights is required"));
}

}  // namespace spikelet_test::spikegpt_few_bits_test
