// SPDX-License-Identifier: MIT
#include "programs/spikegpt.hpp"

namespace spikelet_test::spikegpt_spikes_test {

namespace {

/// A text of whole windows, and the id after them.
std::string windows(int count) {
    return sample_text().substr(0, static_cast<std::size_t>(16 * count) + 1);
}

}  // namespace

TEST_CASE("spikegpt spikes: rates are those of an evaluation, neurons and positions add up") {
    TemporaryFolder folder;
    write_file(folder / "text", windows(20));
    Trained const& trained = trained_on_bytes();
    Arguments const of{"--model", trained.model, "--data", folder / "text", "--json"};
    auto const done = spikegpt(Arguments{"spikes", "--raster", folder / "raster.svg", "--rates",
                                         folder / "rates.svg", "--length", "30"} +
                               of);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    auto const rates = spikegpt(Arguments{"eval"} + of).json()["firing_rates"];
    auto const result = done.json();
    CHECK(result["tokens"] == 320);
    CHECK(result["ctx"] == 16);
    CHECK(done.complains("320 ids in windows of 16\n"));
    REQUIRE(result["sites"].size() == rates.size());
    for (auto const& site : result["sites"]) {
        std::string const name = site["name"];
        CAPTURE(name);
        double const rate = site["rate"];
        CHECK(rate == doctest::Approx(rates[name].get<double>()));
        CHECK(site["neurons"] == 16);
        CHECK(site["positions"].size() == 16);
        double sum = 0;
        for (double const at : site["positions"]) { sum += at; }
        CHECK(sum / 16 == doctest::Approx(rate));
        auto const& seen = site["charges"];
        long charges = seen["below"].get<long>() + seen["above"].get<long>();
        for (long const count : seen["counts"]) { charges += count; }
        CHECK(charges == 16 * 320);
        if (name != "emb") { CHECK((seen["most"].get<double>() >= 1) == (rate > 0)); }
        CHECK(site["never"].get<long>() + site["always"].get<long>() <= 16);
    }
    auto const raster = read_file(folder / "raster.svg");
    CHECK(raster.starts_with("<svg "));
    CHECK(raster.ends_with("</svg>\n"));
    CHECK(raster.find("blocks.0.lif1: spikes") != raster.npos);
    CHECK(raster.find("blocks.1.lif2: charge") != raster.npos);
    CHECK(read_file(folder / "rates.svg").find(">blocks.1.lif1<") != std::string::npos);
}

TEST_CASE("spikegpt spikes: a site that is not there is named, with those that are") {
    Trained const& trained = trained_on_bytes();
    TemporaryFolder folder;
    auto const done = spikegpt({"spikes", "--model", trained.model, "--data", trained.text,
                                "--raster", folder / "raster.svg", "--site", "blocks.7.lif1"});
    CHECK(done.code == 1);
    CHECK(done.out.empty());  // before the pass, and so before its table
    CHECK(done.complains("'blocks.7.lif1' is none of the model's: emb, blocks.0.lif1"));
    CHECK(!std::filesystem::exists(folder / "raster.svg"));
    auto const slip = spikegpt(
        {"spikes", "--model", trained.model, "--data", trained.text, "--raster", trained.model});
    CHECK(slip.code == 2);
    CHECK(slip.complains("does not end with .svg"));
    std::filesystem::create_directory(folder / "in");
    auto const same = spikegpt({"spikes", "--model", trained.model, "--data", trained.text,
                                "--raster", folder / "a.svg", "--rates", folder / "in/../a.svg"});
    CHECK(same.code == 1);
    CHECK(same.complains("is the picture of --raster"));
    write_file(folder / "text.svg", sample_text());
    for (std::string const flag : {"--raster", "--rates"}) {
        auto const input = spikegpt({"spikes", "--model", trained.model, "--data",
                                     folder / "text.svg", flag, folder / "text.svg"});
        CHECK(input.code == 1);
        CHECK(input.complains(flag + ": "));
        CHECK(input.complains("is a file that is read"));
    }
    CHECK(read_file(folder / "text.svg") == sample_text());
    auto const nowhere = spikegpt({"spikes", "--model", folder / "none", "--data", trained.text,
                                   "--raster", folder / "none/a.svg"});
    CHECK(nowhere.complains("none/a.svg"));
}

TEST_CASE("spikegpt spikes: pictures are there also where nobody reads the table") {
    Trained const& trained = trained_on_bytes();
    TemporaryFolder folder;
    Spikegpt program({"spikes", "--model", trained.model, "--data", trained.text, "--raster",
                      folder / "raster.svg", "--rates", folder / "rates.svg"},
                     "", "/dev/full");
    auto const done = program.wait();
    CHECK(done.code == 1);
    CHECK(done.complains("cannot write to standard output"));
    CHECK(read_file(folder / "raster.svg").ends_with("</svg>\n"));
    CHECK(read_file(folder / "rates.svg").ends_with("</svg>\n"));
}

}  // namespace spikelet_test::spikegpt_spikes_test
