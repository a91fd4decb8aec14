// SPDX-License-Identifier: MIT
#include "programs/spikegpt.hpp"

namespace spikelet_test::spikegpt_energy_test {

namespace {

nlohmann::json result_of(Arguments const& arguments) {
    auto const done = spikegpt(arguments + Arguments{"--threads", "1", "--json"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    return done.json();
}

nlohmann::json energy(std::string const& model, std::string const& text, Arguments const& more) {
    auto const done =
        spikegpt(Arguments{"energy", "--model", model, "--data", text, "--json"} + more);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    return done.json();
}

}  // namespace

TEST_CASE("spikegpt energy: what kernels counted is what their inputs ask for") {
    TemporaryFolder folder;
    write_file(folder / "text", sample_text(40));
    auto const size = static_cast<long>(sample_text(40).size());
    result_of(Arguments{"train", "--data", folder / "text", "--out", folder / "run", "--variant",
                        "spike_driven", "--vocab", "byte", "--steps", "20", "--layers", "2",
                        "--embd", "16", "--ctx", "16", "--batch", "2"});
    std::string const model = folder / "run/model.safetensors";
    // An evaluation predicts all but the first id: it reads all but the last.
    auto const found = energy(model, folder / "text", {"--tokens", std::to_string(size - 1)});
    auto const seen = result_of(
        {"eval", "--model", model, "--data", folder / "text", "--mode", "stream"})["densities"];
    CHECK(found["tokens"] == size - 1);
    REQUIRE(found["costs"].size() == seen.size() + 1);
    double terms = 0;
    double spikes = 0;
    for (auto const& cost : found["costs"]) {
        std::string const name = cost["name"];
        if (name == "vectors") { continue; }
        CAPTURE(name);
        double const all = cost["terms"];
        double const additions = cost["additions"];
        CHECK(additions == doctest::Approx(all * seen[name].get<double>()).epsilon(1e-9));
        CHECK(cost["skipped"].get<double>() == doctest::Approx(all - additions));
        CHECK(cost["multiply_adds"] == 0);
        CHECK(cost["weight_bytes"].get<double>() == doctest::Approx(4 * additions));
        CHECK(cost["executed_pj"].get<double>() == doctest::Approx(0.9 * additions));
        CHECK(cost["traffic_pj"].get<double>() == doctest::Approx(162.5 * 4 * additions));
        double const rate = found["firing_rate"];
        double const paper = name == "head" ? 4.6 : 0.9 * rate;
        CHECK(cost["paper_pj"].get<double>() == doctest::Approx(paper * all));
        terms += all;
        spikes += additions;
    }
    CHECK(spikes > 0);
    CHECK(terms == 2 * 13 * 16 * 16 + 256 * 16);
    CHECK(found["total"]["terms"] == terms);
    CHECK(found["total"]["additions"].get<double>() == doctest::Approx(spikes));
}

TEST_CASE("spikegpt energy: matrices of SpikeGPT read numbers, and the memory's price is a flag") {
    Trained const& trained = trained_on_bytes();
    auto const found = energy(trained.model, trained.text, {"--tokens", "50", "--byte-pj", "12.5"});
    CHECK(found["tokens"] == 50);
    for (auto const& cost : found["costs"]) {
        CAPTURE(cost["name"].get<std::string>());
        double const computed = cost["multiply_adds"].get<double>();
        CHECK(cost["additions"] == 0);
        CHECK(computed + cost["skipped"].get<double>() == doctest::Approx(cost["terms"]));
        CHECK(cost["traffic_pj"].get<double>() ==
              doctest::Approx(12.5 * cost["weight_bytes"].get<double>()));
        bool const reads_zeros = cost["name"].get<std::string>().ends_with("ffn.value");
        if (!reads_zeros) { CHECK(cost["skipped"] == 0); }
    }
    // Two norms, five vectors of time mixing, two of channel mixing; two more norms, and a row.
    double const vectors = found["costs"].back()["weight_bytes"];
    CHECK(vectors == 4 * 16 * (2 * (4 + 5 + 2) + 4 + 1));
    auto const said =
        spikegpt({"energy", "--model", trained.model, "--data", trained.text, "--tokens", "5"});
    CHECK(said.says("blocks.1.ffn.value"));
    CHECK(said.says("paper accounting"));
    CHECK(said.says("as executed"));
    TemporaryFolder folder;
    write_file(folder / "empty", "");
    auto const nothing = spikegpt({"energy", "--model", trained.model, "--data", folder / "empty"});
    CHECK(nothing.code == 1);
    CHECK(nothing.complains("is empty"));
}

TEST_CASE("spikegpt energy: a model without neurons has no firing rate, which is not 0") {
    TemporaryFolder folder;
    write_file(folder / "text", sample_text(20));
    result_of(Arguments{"train", "--data", folder / "text", "--out", folder / "run", "--variant",
                        "vanilla_rwkv", "--vocab", "byte", "--steps", "1", "--layers", "1",
                        "--embd", "16", "--ctx", "16", "--batch", "2"});
    std::string const model = folder / "run/model.safetensors";
    CHECK(energy(model, folder / "text", {"--tokens", "5"}).at("firing_rate").is_null());
    CHECK(result_of({"eval", "--model", model, "--data", folder / "text"})
              .at("firing_rate")
              .is_null());
}

}  // namespace spikelet_test::spikegpt_energy_test
