// SPDX-License-Identifier: MIT
#include "programs/spikegpt.hpp"

#include <algorithm>
#include <cmath>

namespace spikelet_test::spikegpt_quantize_test {

namespace {

/// A model in few bits, beside the one that it was made of.
struct Quantized {
    TemporaryFolder folder;
    std::string model = folder / "small.safetensors";

    Outcome make(Arguments const& how) const {
        Trained const& trained = trained_on_bytes();
        return spikegpt(Arguments{"quantize", "--model", trained.model, "--out", model} + how);
    }
};

double bits_of(std::string const& model) {
    auto const done = spikegpt(
        {"eval", "--model", model, "--data", trained_on_bytes().text, "--json", "--ctx", "16"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    return done.json()["bpc"];
}

}  // namespace

TEST_CASE("spikegpt quantize: says what a model takes and costs in few bits, as eval does") {
    Quantized const small;
    double const before = bits_of(trained_on_bytes().model);
    double smallest = 1e9;
    for (char const* type : {"bf16", "int8", "int4", "ternary"}) {
        CAPTURE(type);
        auto const done =
            small.make({"--weights", type, "--data", trained_on_bytes().text, "--json"});
        REQUIRE_MESSAGE(done.code == 0, done.err);
        auto const json = done.json();
        CHECK(json["bpc_before"].get<double>() == doctest::Approx(before).epsilon(1e-12));
        CHECK(json["bpc"].get<double>() == doctest::Approx(bits_of(small.model)).epsilon(1e-12));
        double const bytes = json["bytes"];
        CHECK(bytes == static_cast<double>(std::filesystem::file_size(small.model)));
        // Rows of 16 ternary weights take as much room as rows of 64.
        if (std::string_view(type) != "ternary") { CHECK(bytes < smallest); }
        smallest = std::min(smallest, bytes);
    }
}

TEST_CASE("spikegpt quantize: eight bits cost next to nothing, two bits something") {
    Quantized const small;
    double const before = bits_of(trained_on_bytes().model);
    CHECK(small.make({"--weights", "int8"}).code == 0);
    CHECK(std::abs(bits_of(small.model) - before) < 0.02);
    CHECK(small.make({"--weights", "ternary", "--head", "int8"}).code == 0);
    CHECK(bits_of(small.model) - before > 0.02);
}

TEST_CASE("spikegpt quantize: what comes out streams, is told of, and keeps its states apart") {
    Quantized const small;
    CHECK(small.make({"--weights", "int4", "--head", "int8", "--group", "64"}).code == 0);
    std::string const state = small.folder / "state";
    Arguments const write{"generate", "--greedy", "--tokens", "30", "--model"};
    auto const text = spikegpt(write + Arguments{small.model});
    CHECK(text.code == 0);
    CHECK(spikegpt(write + Arguments{small.model, "--threads", "2"}).out == text.out);
    CHECK(spikegpt(write + Arguments{small.model, "--state-out", state}).code == 0);
    auto const other = spikegpt(write + Arguments{trained_on_bytes().model, "--state-in", state});
    CHECK(other.code == 1);
    CHECK(other.complains("the state is of another model"));

    auto const told = spikegpt({"info", "--model", small.model});
    CHECK(told.says("matrices     int4, head int8, one scale for 64 inputs"));
    CHECK(!told.says("to train"));
}

TEST_CASE("spikegpt quantize: a model in few bits is neither trained nor quantized again") {
    Quantized const small;
    CHECK(small.make({"--weights", "int8"}).code == 0);
    auto const again = spikegpt({"quantize", "--model", small.model, "--out",
                                 small.folder / "x.safetensors", "--weights", "int4"});
    CHECK(again.code == 1);
    CHECK(again.complains("it is quantized already (int8)"));
    auto const trained =
        spikegpt(Arguments{"train", "--data", trained_on_bytes().text, "--out",
                           small.folder / "run", "--steps", "1", "--init-from", small.model});
    CHECK(trained.code == 1);
    CHECK(trained.complains("it is quantized, and cannot be trained"));
}

TEST_CASE("spikegpt quantize: wrong uses and damaged files are explained") {
    Quantized const small;
    CHECK(small.make({"--weights", "int3"}).code == 2);
    CHECK(small.make({"--weights", "f32"}).complains("f32 changes nothing"));
    CHECK(small.make({"--weights", "bf16", "--group", "64"}).complains("have no scales"));
    CHECK(small.make({"--weights", "int4", "--group", "65"}).complains("not a multiple of 64"));
    Trained const& trained = trained_on_bytes();
    auto const itself = spikegpt(
        {"quantize", "--model", trained.model, "--out", trained.model, "--weights", "int8"});
    CHECK(itself.complains("is a file that is read"));

    write_file(small.model, "a text");
    CHECK(small.make({"--weights", "int8"}).complains("is no model; give another name"));
    CHECK(small.make({"--weights", "int8", "--data", small.model})
              .complains("is a file that is read"));
    std::filesystem::remove(small.model);
    auto const tokens = small.make({"--weights", "int8", "--tokens", "5"});
    CHECK(tokens.code == 2);
    CHECK(tokens.complains("--tokens requires --data"));
    auto const slip = spikegpt({"quantize", "--model", trained.model, "--out",
                                small.folder / "small.pth", "--weights", "int8"});
    CHECK(slip.code == 2);
    CHECK(slip.complains("small.pth' does not end with .safetensors"));
    CHECK(small.folder.count() == 0);

    CHECK(small.make({"--weights", "int8"}).code == 0);
    std::string bytes = read_file(small.model);
    bytes.replace(bytes.find("\"weights\":\"int8\""), 16, "\"weights\":\"int9\"");
    write_file(small.model, bytes);
    auto const damaged = spikegpt({"info", "--model", small.model});
    CHECK(damaged.code == 1);
    CHECK(damaged.err.find('\n') == damaged.err.size() - 1);
}

TEST_CASE(
    "spikegpt quantize: texts that cannot be predicted are refused before a file is written") {
    Quantized const small;
    std::string const one = small.folder / "one.txt";
    write_file(one, "1");
    for (std::string const old : {"", "int8"}) {
        CAPTURE(old);
        if (!old.empty()) { REQUIRE(small.make({"--weights", old}).code == 0); }
        std::string const before = old.empty() ? "" : read_file(small.model);
        auto const missing = small.make({"--weights", "int4", "--data", small.folder / "none.txt"});
        CHECK(missing.code == 1);
        CHECK(missing.complains("none.txt': No such file"));
        auto const short_text = small.make({"--weights", "int4", "--data", one});
        CHECK(short_text.code == 1);
        CHECK(short_text.complains("one.txt' has 1 id, at least 2 are needed"));
        CHECK(small.folder.count() == (old.empty() ? 1 : 2));
        if (!old.empty()) { CHECK(read_file(small.model) == before); }
    }
}

TEST_CASE("spikegpt quantize: Ctrl-C leaves nothing behind") {
    Quantized const small;
    std::string text = sample_text(2000);
    while (text.size() < 20'000'000) { text += text; }
    write_file(small.folder / "long.txt", text);
    Spikegpt program({"quantize", "--model", trained_on_bytes().model, "--out", small.model,
                      "--weights", "int8", "--data", small.folder / "long.txt"});
    CHECK(program.heeds_stop());
    program.send(SIGINT);
    auto const stopped = program.wait();
    CHECK(stopped.code == 128 + SIGINT);
    CHECK(stopped.says("stopped; nothing is written"));
    CHECK(small.folder.count() == 1);
}

}  // namespace spikelet_test::spikegpt_quantize_test
