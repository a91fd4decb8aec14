// SPDX-License-Identifier: MIT
// What stands in metrics.csv of neurons, and files that were begun by an older program.
#include "programs/spikegpt.hpp"

#include <map>

namespace spikelet_test::spikegpt_metrics_test {

namespace {

using Rows = std::vector<std::vector<std::string>>;

Arguments train(TemporaryFolder const& folder, std::string const& steps) {
    write_file(folder / "text", sample_text());
    return Arguments{"train",   "--data", folder / "text", "--out", folder / "run",
                     "--steps", steps} +
           tiny;
}

/// The last line by column.
std::map<std::string, std::string> last_line(TemporaryFolder const& folder) {
    auto const rows = read_csv(folder / "run/metrics.csv");
    std::map<std::string, std::string> cells;
    for (std::size_t i = 0; i < rows[0].size(); ++i) { cells[rows[0][i]] = rows.back().at(i); }
    return cells;
}

void write_csv(std::string const& path, Rows const& rows) {
    std::string text;
    for (auto const& row : rows) {
        for (auto const& cell : row) { text += (&cell == row.data() ? "" : ",") + cell; }
        text += "\n";
    }
    write_file(path, text);
}

}  // namespace

TEST_CASE("spikegpt train: neurons that no charge reaches never fire, others always do") {
    struct Expected {
        char const* threshold;
        char const* rate;
        char const* never;
        char const* always;
    };
    for (auto const& [threshold, rate, never, always] :
         {Expected{"100", "0", "1", "0"}, Expected{"-100", "1", "0", "1"}}) {
        TemporaryFolder folder;
        auto const done = spikegpt(train(folder, "2") + Arguments{"--threshold", threshold});
        REQUIRE_MESSAGE(done.code == 0, done.err);
        auto const cells = last_line(folder);
        for (std::string const site : {"blocks.0.lif1", "blocks.1.lif2"}) {
            CHECK(cells.at("rate." + site) == rate);
            CHECK(cells.at("never." + site) == never);
            CHECK(cells.at("always." + site) == always);
        }
        CHECK(!cells.contains("never.emb"));
    }
}

TEST_CASE("spikegpt train: shares of neurons are those of one step") {
    TemporaryFolder folder;
    REQUIRE(spikegpt(train(folder, "20")).code == 0);
    auto const cells = last_line(folder);
    double some = 0;
    for (auto const& [name, text] : cells) {
        if (!name.starts_with("never.")) { continue; }
        std::string const site = name.substr(std::string_view("never").size());
        double const never = std::stod(text);
        double const always = std::stod(cells.at("always" + site));
        double const rate = std::stod(cells.at("rate" + site));
        CHECK(std::fmod(16 * never, 1) == 0);  // of 16 neurons
        CHECK(rate >= always);
        CHECK(rate <= 1 - never);
        some += never + always;
    }
    CHECK(some > 0);
}

TEST_CASE("spikegpt train: every validation has a line, whatever else has one") {
    TemporaryFolder folder;
    REQUIRE(
        spikegpt(train(folder, "10") + Arguments{"--log-every", "4", "--eval-every", "3"}).code ==
        0);
    std::vector<std::string> steps, validated;
    for (auto const& row : read_csv(folder / "run/metrics.csv")) {
        steps.push_back(row[0]);
        if (!row[5].empty()) { validated.push_back(row[0]); }
    }
    CHECK(steps == std::vector<std::string>{"step", "3", "4", "6", "8", "9", "10"});
    CHECK(validated == std::vector<std::string>{"step", "3", "6", "9", "10"});
}

TEST_CASE("spikegpt train: a file with the columns of an older program goes on with them") {
    TemporaryFolder folder;
    REQUIRE(spikegpt(train(folder, "4")).code == 0);
    std::string const path = folder / "run/metrics.csv";
    Rows const rows = read_csv(path);
    Rows older(rows.size());
    for (std::size_t column = 0; column < rows[0].size(); ++column) {
        std::string const& name = rows[0][column];
        if (name.starts_with("never.") || name.starts_with("always.") || name == "valid_density") {
            continue;
        }
        for (std::size_t i = 0; i < rows.size(); ++i) { older[i].push_back(rows[i][column]); }
    }
    write_csv(path, older);
    Arguments const resume{"train", "--out", folder / "run", "--resume", "--steps"};
    REQUIRE(spikegpt(resume + Arguments{"6"}).code == 0);
    Rows const longer = read_csv(path);
    REQUIRE(longer.size() == 7);
    CHECK(longer[0] == older[0]);
    CHECK(longer[6].size() == older[0].size());
    CHECK(longer[6][0] == "6");
    CHECK(std::stod(last_line(folder).at("rate.blocks.1.lif2")) < 1);

    // What nobody can fill is no column to leave empty.
    older[0][3] = "mood";
    write_csv(path, older);
    std::string const state = read_file(folder / "run/resume.safetensors");
    auto const refused = spikegpt(resume + Arguments{"8"});
    CHECK(refused.code == 1);
    CHECK(refused.complains("metrics.csv': it has the column 'mood'"));
    CHECK(read_file(folder / "run/resume.safetensors") == state);
    std::filesystem::remove(path);
    REQUIRE(spikegpt(resume + Arguments{"8"}).code == 0);
    Rows const anew = read_csv(path);
    REQUIRE(!anew.empty());
    CHECK(anew[0] == rows[0]);
}

TEST_CASE("spikegpt train: a file that was saved with lines of another system goes on") {
    TemporaryFolder folder;
    REQUIRE(spikegpt(train(folder, "2")).code == 0);
    std::string const path = folder / "run/metrics.csv";
    std::string text;
    for (char const c : read_file(path)) { text += c == '\n' ? "\r\n" : std::string(1, c); }
    write_file(path, text);
    auto const more = spikegpt({"train", "--out", folder / "run", "--resume", "--steps", "3"});
    CHECK_MESSAGE(more.code == 0, more.err);
    CHECK(read_csv(path).back().size() == read_csv(path)[0].size());
}

}  // namespace spikelet_test::spikegpt_metrics_test
