// SPDX-License-Identifier: MIT
#include "programs/spikegpt.hpp"

#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>

namespace spikelet_test::spikegpt_eval_test {

namespace {

nlohmann::json eval(Trained const& trained, Arguments const& more) {
    auto const done = spikegpt(
        Arguments{"eval", "--model", trained.model, "--data", trained.text, "--json"} + more);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    return done.json();
}

}  // namespace

TEST_CASE("spikegpt eval: every id but the first is predicted once, in windows and in a stream") {
    auto const size = static_cast<long>(sample_text().size());
    for (Arguments const& how :
         {Arguments{"--ctx", "16"}, Arguments{"--ctx", "16", "--stride", "5"},
          Arguments{"--ctx", "100", "--batch", "3"}, Arguments{"--mode", "stream"}}) {
        CHECK(eval(trained_on_bytes(), how)["tokens"] == size - 1);
    }
}

TEST_CASE("spikegpt eval: numbers agree with each other and with training") {
    Trained const& trained = trained_on_bytes();
    auto const result = eval(trained, {"--ctx", "16"});
    double const nats = result["nats"].get<double>() / result["tokens"].get<double>();
    CHECK(result["bpc"].get<double>() == doctest::Approx(nats / std::log(2.0)));
    CHECK(result["bits_per_byte"].get<double>() == doctest::Approx(nats / std::log(2.0)));
    CHECK(result["perplexity"].get<double>() == doctest::Approx(std::exp(nats)));
    CHECK(result["byte_perplexity"].get<double>() == doctest::Approx(std::exp(nats)));
    // Two bytes are the only ones of the text's 30 naïve characters that begin none.
    CHECK(result["bytes"].get<int>() - result["characters"].get<int>() == 30);
    CHECK(result["bits_per_character"].get<double>() * result["characters"].get<double>() ==
          doctest::Approx(result["bits_per_byte"].get<double>() * result["bytes"].get<double>()));

    // Training validates on the last 5 % of the text.
    TemporaryFolder folder;
    std::string const text = read_file(trained.text);
    write_file(folder / "valid", text.substr(text.size() - text.size() / 20));
    auto const valid = spikegpt(
        {"eval", "--model", trained.model, "--data", folder / "valid", "--ctx", "16", "--json"});
    auto const rows = read_csv(trained.run + "/metrics.csv");
    CHECK(valid.json()["bpc"].get<double>() == doctest::Approx(std::stod(rows.back()[5])));
}

TEST_CASE("spikegpt eval: windows are by default those of training") {
    auto const result = eval(trained_on_bytes(), {});
    CHECK(result["ctx"] == 16);
    CHECK(result["nats"] == eval(trained_on_bytes(), {"--ctx", "16"})["nats"]);
}

TEST_CASE("spikegpt eval: with a stride every prediction but the first ones has more context") {
    auto const strided = eval(trained_on_bytes(), {"--ctx", "24", "--stride", "8"});
    CHECK(strided["ctx"] == 24);
    CHECK(strided["stride"] == 8);
    CHECK(strided["tokens"] == eval(trained_on_bytes(), {"--ctx", "24"})["tokens"]);
    CHECK(strided["nats"] < eval(trained_on_bytes(), {"--ctx", "8"})["nats"]);
}

TEST_CASE("spikegpt eval: the released inference is measured beside the trained one") {
    // Of two layers it is the same.
    auto const result = eval(trained_on_bytes(), {"--inference", "official_rescale"});
    CHECK(result["inference"] == "official_rescale");
    CHECK(result["trained_bpc"] == result["bpc"]);
    CHECK(result["bpc_difference"] == 0);
    CHECK_FALSE(eval(trained_on_bytes(), {}).contains("bpc_difference"));
}

TEST_CASE("spikegpt eval: one stream has the same bits however it is cut, and as one window") {
    Trained const& trained = trained_on_characters();
    auto const stream = eval(trained, {"--mode", "stream", "--ctx", "64"});
    auto const same = [&](Arguments const& how) {
        auto const other = eval(trained, how);
        return other["nats"] == stream["nats"] && other["firing_rates"] == stream["firing_rates"];
    };
    CHECK(same({"--mode", "stream", "--ctx", "7"}));
    CHECK(same({"--mode", "stream", "--ctx", "64", "--threads", "2"}));
    CHECK(same({"--ctx", "100000", "--threads", "1"}));
    CHECK(stream["bpc_unit"] == "character");
    CHECK(stream["bits_per_byte"].get<double>() < stream["bpc"].get<double>());
}

TEST_CASE("spikegpt eval: firing rates by layer and site") {
    Trained const& trained = trained_on_bytes();
    auto const rates = eval(trained, {"--ctx", "16"})["firing_rates"];
    CHECK(rates.size() == 5);
    CHECK(rates["emb"].get<double>() > 0.1);
    double neurons = 0;
    for (char const* site : {"blocks.0.lif1", "blocks.0.lif2", "blocks.1.lif1", "blocks.1.lif2"}) {
        neurons += rates[site].get<double>() / 4;
    }
    CHECK(eval(trained, {"--ctx", "16"})["firing_rate"].get<double>() == doctest::Approx(neurons));
    auto const done = spikegpt({"eval", "--model", trained.model, "--data", trained.text});
    CHECK(done.out.find("firing in layer      lif1      lif2") != std::string::npos);
    CHECK(done.out.find("bits per byte") != std::string::npos);
}

TEST_CASE("spikegpt eval: where no predicted byte begins a character, nothing is said of them") {
    TemporaryFolder folder;
    write_file(folder / "one", "ï");
    auto const done =
        spikegpt({"eval", "--model", trained_on_bytes().model, "--data", folder / "one", "--json"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(done.json()["characters"] == 0);
    CHECK(done.json()["bits_per_byte"].is_number());
    CHECK_FALSE(done.json().contains("bits_per_character"));
}

TEST_CASE(
    "spikegpt eval: what a model's file says of the length of its sequences must make sense") {
    TemporaryFolder folder;
    std::string const model = folder / "model.safetensors";
    auto const file = spikelet::SafetensorsFile::open(trained_on_bytes().model);
    REQUIRE(file.metadata().at("ctx") == "16");
    for (std::string const ctx : {"12abc", "0", "1000001", "9223372036854775807"}) {
        auto metadata = file.metadata();
        metadata["ctx"] = ctx;
        spikelet::write_safetensors(model, file.tensors(), metadata);
        Arguments const measure{"eval", "--model", model, "--data", trained_on_bytes().text};
        auto const refused = spikegpt(measure);
        CHECK(refused.code == 1);
        CHECK(refused.complains("model.safetensors': metadata: 'ctx' is " + ctx +
                                ", expected a whole number from 1 to 1000000"));
        CHECK(spikegpt(measure + Arguments{"--ctx", "16"}).code == 0);
    }
}

TEST_CASE("spikegpt eval: characters that the model does not know are reported") {
    TemporaryFolder folder;
    write_file(folder / "greek", "ναι, the neuron");
    auto const done =
        spikegpt({"eval", "--model", trained_on_characters().model, "--data", folder / "greek"});
    CHECK(done.code == 0);
    CHECK(done.says("3 characters, 'ν' first, are not in the vocabulary and read as ' '"));
}

}  // namespace spikelet_test::spikegpt_eval_test
