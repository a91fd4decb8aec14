// SPDX-License-Identifier: MIT
#include "programs/spikegpt.hpp"

#include <map>

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

namespace spikelet_test::spikegpt_train_test {

namespace fs = std::filesystem;

namespace {

Arguments train(std::string const& data, std::string const& out, std::string const& steps) {
    return Arguments{"train", "--data", data, "--out", out, "--steps", steps} + tiny;
}

std::string written_text(TemporaryFolder const& folder) {
    std::string const path = folder / "text.txt";
    write_file(path, sample_text());
    return path;
}

}  // namespace

TEST_CASE("spikegpt train: a model learns and leaves the files of a run") {
    TemporaryFolder folder;
    std::string const run = folder / "deep" + std::string("/run");
    auto const done = spikegpt(train(written_text(folder), run, "60") +
                               Arguments{"--eval-every", "20", "--json"});
    REQUIRE_MESSAGE(done.code == 0, done.err);

    auto const result = done.json();
    CHECK(result["command"] == "train");
    CHECK(result["step"] == 60);
    CHECK(result["tokens"] == 60 * 2 * 16);
    CHECK(result["bpc_unit"] == "byte");
    CHECK(result["stopped"] == false);
    CHECK(std::count(done.out.begin(), done.out.end(), '\n') == 1);
    CHECK(done.complains("step 60/60"));

    auto const rows = read_csv(run + "/metrics.csv");
    Arguments const head{"step",
                         "tokens",
                         "seconds",
                         "loss",
                         "bpc",
                         "valid_bpc",
                         "lr",
                         "grad_norm",
                         "tokens_per_second",
                         "rate.emb",
                         "rate.blocks.0.lif1",
                         "never.blocks.0.lif1",
                         "always.blocks.0.lif1",
                         "rate.blocks.0.lif2",
                         "never.blocks.0.lif2",
                         "always.blocks.0.lif2",
                         "rate.blocks.1.lif1",
                         "never.blocks.1.lif1",
                         "always.blocks.1.lif1",
                         "rate.blocks.1.lif2",
                         "never.blocks.1.lif2",
                         "always.blocks.1.lif2",
                         "valid_density"};
    REQUIRE(rows.size() == 61);
    CHECK(rows[0] == head);
    CHECK(rows[60][0] == "60");
    CHECK(std::stod(rows[60][3]) < 0.8 * std::stod(rows[1][3]));
    for (std::size_t step = 1; step <= 60; ++step) {
        CHECK(rows[step].size() == head.size());
        CHECK(rows[step][5].empty() == (step % 20 != 0));
    }
    CHECK(result["valid_bpc"].get<double>() == doctest::Approx(std::stod(rows[60][5])));

    auto const config = nlohmann::json::parse(read_file(run + "/config.json"));
    CHECK(config["options"]["embd"] == 16);
    CHECK(config["options"]["lr"] == 0.01);
    CHECK(config["model"]["L"] == 2);
    for (char const* file :
         {"/model.safetensors", "/best-valid.safetensors", "/resume.safetensors"}) {
        CHECK_NOTHROW(static_cast<void>(spikelet::SafetensorsFile::open(run + file)));
    }
}

TEST_CASE("spikegpt train: the same bits for any number of threads, and with recomputation") {
    TemporaryFolder folder;
    std::string const text = written_text(folder);
    std::map<std::string, Arguments> const ways{{"one", {"--dropout", "0.1"}},
                                                {"two", {"--dropout", "0.1", "--threads", "2"}},
                                                {"again", {"--dropout", "0.1", "--recompute"}},
                                                {"other", {"--dropout", "0.1", "--seed", "7"}}};
    std::map<std::string, std::string> models;
    for (auto const& [name, more] : ways) {
        std::string const run = folder / name;
        Arguments arguments = train(text, run, "8");
        if (name == "two") { arguments.resize(arguments.size() - 2); }  // the --threads of tiny
        auto const done = spikegpt(arguments + more);
        REQUIRE_MESSAGE(done.code == 0, done.err);
        models[name] = read_file(run + "/model.safetensors");
    }
    CHECK(models["one"] == models["two"]);
    CHECK(models["one"] == models["again"]);
    CHECK(models["one"] != models["other"]);
}

TEST_CASE("spikegpt train: every option of the model and of learning") {
    TemporaryFolder folder;
    std::string const text = written_text(folder);
    std::vector<Arguments> const choices{
        {"--variant", "vanilla_rwkv"},
        {"--variant", "heaviside_rwkv", "--binary-embedding", "off"},
        {"--variant", "spikegpt_b", "--threshold", "0.7"},
        {"--variant", "spike_driven", "--init", "B"},
        {"--ffn-pre", "--init", "A"},
        {"--vocab", "char", "--valid", text},
        {"--optimizer", "adamw", "--schedule", "wsd"},
        {"--accumulate", "3", "--schedule", "official", "--clip", "0"},
        {"--schedule", "linear", "--valid-fraction", "0", "--log-every", "2"},
        {"--schedule", "constant", "--weight-decay", "0.1", "--eval-tokens", "0"}};
    for (std::size_t i = 0; i < choices.size(); ++i) {
        std::string const run = folder / std::to_string(i);
        auto const done = spikegpt(train(text, run, "3") + choices[i]);
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(read_csv(run + "/metrics.csv").size() == (choices[i].back() == "2" ? 3 : 4));
    }
}

TEST_CASE("spikegpt train: minutes are kept, and end with a validation") {
    TemporaryFolder folder;
    Arguments arguments = train(written_text(folder), folder / "run", "");
    arguments[5] = "--minutes";
    arguments[6] = "0.02";
    auto const done = spikegpt(arguments + Arguments{"--json"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(done.json()["seconds"].get<double>() >= 1.2);
    CHECK(done.json()["valid_bpc"].is_number());
    CHECK(done.json()["valid_tokens"] > 100);
    auto const rows = read_csv(folder / "run/metrics.csv");
    CHECK(std::stod(rows.back()[6]) < std::stod(rows[rows.size() / 2][6]));
}

TEST_CASE("spikegpt train: says on how much of a text it is validated") {
    TemporaryFolder folder;
    write_file(folder / "valid.txt", std::string(300, 'a'));
    auto const valid = [&](std::string const& tokens) {
        return spikegpt(
            train(written_text(folder), folder / ("run" + tokens), "2") +
            Arguments{"--valid", folder / "valid.txt", "--eval-tokens", tokens, "--json"});
    };
    auto const some = valid("100");
    CHECK(some.complains("validation, the first 100 of 300: "));
    CHECK(some.json()["valid_tokens"] == 100);
    auto const all = valid("0");
    CHECK(all.complains("validation, all 300: "));
    CHECK(all.json()["valid_tokens"] == 299);
}

TEST_CASE("spikegpt train: characters that only the text to validate on has") {
    TemporaryFolder folder;
    write_file(folder / "valid.txt", "The neuron ωξ, and ξ waits.\n");
    auto const done = spikegpt(train(written_text(folder), folder / "run", "2") +
                               Arguments{"--vocab", "char", "--valid", folder / "valid.txt"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(done.says("3 characters, 'ω' first, are not in the vocabulary and read as ' '"));
    CHECK(done.out.find("bits per character") != std::string::npos);
}

TEST_CASE("spikegpt train: a loss that is not finite ends the run and keeps the checkpoint") {
    TemporaryFolder folder;
    auto const done = spikegpt(Arguments{"train",
                                         "--data",
                                         written_text(folder),
                                         "--out",
                                         folder / "run",
                                         "--variant",
                                         "vanilla_rwkv",
                                         "--layers",
                                         "2",
                                         "--embd",
                                         "16",
                                         "--ctx",
                                         "16",
                                         "--batch",
                                         "2",
                                         "--steps",
                                         "200",
                                         "--lr",
                                         "1e8",
                                         "--warmup",
                                         "0",
                                         "--threads",
                                         "1",
                                         "--valid-fraction",
                                         "0"});
    CHECK(done.code == 1);
    CHECK(done.complains("spikegpt: train: step "));
    CHECK(done.complains(", not finite first in "));
    CHECK(done.complains("the last checkpoint is that of step 0"));
    auto const saved = spikelet::SafetensorsFile::open(folder / "run/resume.safetensors");
    for (float const w : saved.read<float>("weight.head.weight")) { CHECK(std::isfinite(w)); }
    CHECK_FALSE(fs::exists(folder / "run/model.safetensors"));
}

TEST_CASE("spikegpt train: a model goes on learning in a new run") {
    Trained const& old = trained_on_characters();
    TemporaryFolder folder;
    auto const done =
        spikegpt({"train", "--data", old.text, "--out", folder / "run", "--steps", "3", "--ctx",
                  "16", "--batch", "2", "--lr", "1e-4", "--init-from", old.model});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    double const first = std::stod(read_csv(folder / "run/metrics.csv")[1][3]);
    CHECK(first < 0.9 * std::stod(read_csv(old.run + "/metrics.csv")[1][3]));
    auto const config = nlohmann::json::parse(read_file(folder / "run/config.json"));
    CHECK(config["options"]["embd"] == 16);
    CHECK(config["options"]["vocab"] == "char");
}

TEST_CASE("spikegpt train: a model that is not finite begins no run") {
    namespace sk = spikelet;
    TemporaryFolder folder;
    sk::SpikeGpt<> model(sk::make_config(sk::find_variant("spikegpt"), 256, 1, 8));
    sk::Rng rng(1);
    sk::init(model, rng);
    sk::each_parameter(model, [](std::string_view name, auto& parameter) {
        if (name == "head.weight") { parameter.span().back() = INFINITY; }
    });
    std::string const file = folder / "model";
    sk::save_checkpoint(file, model, sk::metadata(model.config));
    write_file(folder / "labels.tsv", "0\tlate\n1\tsoon\n");
    for (Arguments const& beginning :
         {Arguments{"train", "--data", trained_on_bytes().text, "--out", folder / "run"},
          Arguments{"classify", "train", "--data", folder / "labels.tsv", "--valid",
                    folder / "labels.tsv", "--out", folder / "classifier.safetensors"}}) {
        auto const done = spikegpt(beginning + Arguments{"--init-from", file});
        CHECK(done.code == 1);
        CHECK_MESSAGE(done.complains("'" + file + "': head.weight has weights that are not finite"),
                      done.err);
    }
    CHECK_FALSE(fs::exists(folder / "run"));
    CHECK_FALSE(fs::exists(folder / "classifier.safetensors"));
}

TEST_CASE(
    "spikegpt train: a model whose spikes are where no variant has them gets the nearest name") {
    namespace sk = spikelet;
    TemporaryFolder folder;
    auto config = sk::make_config(sk::find_variant("spike_driven"), 256, 1, 8);
    config.spikes.residual = sk::Node::lif;
    sk::SpikeGpt<> model(config);
    sk::Rng rng(1);
    sk::init(model, rng);
    sk::save_checkpoint(folder / "model", model, sk::metadata(model.config));
    auto const done =
        spikegpt({"train", "--data", trained_on_bytes().text, "--out", folder / "run", "--steps",
                  "1", "--ctx", "8", "--batch", "1", "--init-from", folder / "model"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(done.out.starts_with("spike_driven, 1 layer x 8 channels"));
    auto const written = nlohmann::json::parse(read_file(folder / "run/config.json"));
    CHECK(written["options"]["variant"] == "spike_driven");
    CHECK(written["model"]["residual"] == "lif");
}

TEST_CASE("spikegpt train: short runs have a short warm-up") {
    TemporaryFolder folder;
    std::string const text = written_text(folder);
    for (auto const& [steps, warmup] : {std::pair{"5", 0}, {"60", 6}, {"700", 50}}) {
        std::string const run = folder / steps;
        auto const done = spikegpt({"train", "--data", text, "--out", run, "--steps", steps,
                                    "--layers", "1", "--embd", "8", "--ctx", "4", "--batch", "1",
                                    "--threads", "1", "--log-every", "100"});
        REQUIRE_MESSAGE(done.code == 0, done.err);
        auto const config = nlohmann::json::parse(read_file(run + "/config.json"));
        CHECK(config["options"]["warmup"] == warmup);
    }
}

}  // namespace spikelet_test::spikegpt_train_test
