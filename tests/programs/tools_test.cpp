// SPDX-License-Identifier: MIT
// Command lines of the smaller programs and scripts.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "io/support.hpp"
#include "programs/shell.hpp"

namespace spikelet_test::tools_test {

namespace {

ShellOutcome tool(std::string const& words) {
    return run_in_shell(SPIKELET_SOURCE_DIR "/tools/" + words);
}

bool has_matplotlib() {
    bool const found = run_in_shell("/usr/bin/python3 -c 'import matplotlib'").code == 0;
    if (!found) { MESSAGE("skipped: there is no matplotlib"); }
    return found;
}

std::string const built = SPIKELET_BINARY_DIR "/bin/spikegpt";

// Small models on a small text, one seed.
struct SmallExperiment {
    TemporaryFolder folder;
    std::string model = " --layers 1 --embd 16 --ctx 16 --batch 2";
    std::string texts =
        " --data '" + (folder / "data.txt") + "' --valid '" + (folder / "valid.txt") + "'";
    std::string out = folder / "out";

    SmallExperiment() {
        std::string text;
        for (int i = 0; i < 200; ++i) { text += "A spike came late, the neuron waits.\n"; }
        write_file(folder / "data.txt", text);
        write_file(folder / "valid.txt", text.substr(0, 500));
    }

    // The experiment `events` with two kinds of models.
    [[nodiscard]] ShellOutcome reproduce(std::string const& more,
                                         std::string const& program = built) const {
        return experiment("events",
                          "--only spikegpt event_driven --event-costs 0.5 " + model + " " + more,
                          program);
    }

    [[nodiscard]] ShellOutcome experiment(std::string const& name, std::string const& more,
                                          std::string const& program = built) const {
        return tool("reproduce " + name + " --seeds 1" + texts + " --out '" + out +
                    "' --spikegpt '" + program + "' " + more);
    }

    // Every report says that it does not compare with what was published.
    void check_report(ShellOutcome const& done, std::string const& name,
                      std::vector<std::string> const& parts) const {
        CAPTURE(done.output);
        REQUIRE(done.code == 0);
        std::string const report = read_file(out + "/" + name);
        CAPTURE(report);
        CHECK(report.find("cannot be compared with published") != report.npos);
        CHECK(report.find("Not finished") == report.npos);
        for (auto const& part : parts) {
            CAPTURE(part);
            CHECK(report.find(part) != report.npos);
        }
    }

    void check_pictures(std::vector<std::string> const& names) const {
        for (auto const& name : names) {
            CAPTURE(name);
            CHECK(read_file(out + "/" + name)
                      .starts_with(name.ends_with("svg") ? "<svg" : "\x89PNG"));
        }
    }

    [[nodiscard]] std::string in_run(std::string const& name) const {
        return out + "/runs/" + name;
    }
};

}  // namespace

TEST_CASE("tools: help is no mistake, a mistake is one line") {
    for (std::string const name : {"test", "setup", "quickstart"}) {
        for (char const* help : {" --help", " -h"}) {
            auto const helped = tool(name + help);
            CHECK(helped.code == 0);
            CHECK(helped.says("Usage: tools/" + name));
        }
    }
    for (char const* wrong : {"test --bogus", "setup bogus", "quickstart --bogus",
                              "quickstart --minutes", "quickstart --minutes three"}) {
        CAPTURE(wrong);
        auto const refused = tool(wrong);
        CHECK(refused.code == 2);
        CHECK(std::count(refused.output.begin(), refused.output.end(), '\n') == 1);
        CHECK_FALSE(refused.says("line "));
    }
}

TEST_CASE("custom_lm: mistakes are told, not aborted") {
    std::string const custom_lm = "'" SPIKELET_BINARY_DIR "/bin/custom_lm' ";
    for (std::string const wrong : {"nofile", "--help", SPIKELET_SOURCE_DIR "/LICENSE abc",
                                    SPIKELET_SOURCE_DIR "/LICENSE 99999999999"}) {
        auto const refused = run_in_shell(custom_lm + wrong);
        CHECK(refused.code == 1);
        CHECK(refused.says("usage: custom_lm"));
    }
}

TEST_CASE("plot: a smoothed curve begins where the run does, and bits of no neuron are left out") {
    if (!has_matplotlib()) { return; }
    TemporaryFolder folder;
    write_file(folder / "config.json", R"({"options": {"vocab": "byte"}})");
    write_file(folder / "check.py", R"(
import importlib.machinery, importlib.util, pathlib, sys
loader = importlib.machinery.SourceFileLoader("plot", sys.argv[1])
plot = importlib.util.module_from_spec(importlib.util.spec_from_loader("plot", loader))
sys.dont_write_bytecode = True
loader.exec_module(plot)
values = [8.0 - i for i in range(6)] + [2.0] * 600
smoothed = plot.smooth(values)
assert smoothed[0] == 8.0 and smoothed[1] == 7.0, smoothed[:2]
assert smoothed[-1] == 2.0 and len(smoothed) == len(values)
assert plot.site_names({"rate.emb": [], "rate.blocks.0.lif1": []}) == ["rate.blocks.0.lif1"]
here = pathlib.Path(sys.argv[2])
assert plot.read_symbol(here / "metrics.csv") == "byte"
assert plot.read_symbol(here / "none" / "metrics.csv") == "token"
assert len(set(plot.colours_for([None] * 20))) == 20
assert plot.name_runs([here / "a/run/m.csv", here / "b/run/m.csv"]) == ["a/run", "b/run"]
)");
    auto const checked =
        run_in_shell("/usr/bin/python3 '" + (folder / "check.py") +
                     "' " SPIKELET_SOURCE_DIR "/tools/plot '" + (folder / "") + "'");
    CHECK_MESSAGE(checked.code == 0, checked.output);
}

TEST_CASE("reproduce: help is no mistake, a mistake is one line, what is missing is named") {
    CHECK(tool("reproduce --help").says("usage: tools/reproduce"));
    auto const helped = tool("reproduce events --help");
    CHECK(helped.code == 0);
    CHECK(helped.says("--minutes N"));
    for (char const* wrong : {"", "bogus", "events --bogus", "events --steps 0", "events --seeds x",
                              "events --steps 3 --minutes 1", "events --only bogus --steps 3",
                              "events --size 1m --embd 16 --steps 3", "table5 --only bogus",
                              "figure3 --sizes 4x", "figure5 --only vanilla_rwkv", "table4"}) {
        CAPTURE(wrong);
        auto const refused = tool(std::string("reproduce ") + wrong);
        CHECK(refused.code == 2);
        CHECK(refused.output.starts_with("reproduce: "));
        CHECK(std::count(refused.output.begin(), refused.output.end(), '\n') == 1);
    }
    if (!has_matplotlib()) { return; }
    SmallExperiment const small;
    auto const no_program = small.reproduce("--steps 3", small.folder / "none");
    CHECK(no_program.code == 1);
    CHECK(no_program.says("build it with tools/test"));
    auto const no_text = small.reproduce("--steps 3 --data '" + (small.folder / "none") + "'");
    CHECK(no_text.code == 1);
    CHECK(no_text.says("cannot read " + (small.folder / "none")));
    CHECK(small.reproduce("").says("give --minutes or --steps"));
    CHECK_FALSE(std::filesystem::exists(small.out));
}

TEST_CASE("reproduce: a run that fails leaves the others, and what was begun goes on") {
    if (!has_matplotlib()) { return; }
    SmallExperiment const small;
    std::string const fails = small.folder / "fails";
    write_file(fails,
               "#!/bin/sh\ncase \"$*\" in train*event_driven*) echo 'no luck' >&2; exit 3;; esac\n"
               "exec '" +
                   built + "' \"$@\"\n");
    REQUIRE(run_in_shell("chmod +x '" + fails + "'").code == 0);
    auto const failed = small.reproduce("--steps 3", fails);
    CAPTURE(failed.output);
    CHECK(failed.code == 1);
    CHECK(failed.says("event_driven 0.5 #1 failed with exit code 3"));
    CHECK(failed.says("no luck"));
    std::string const partial = read_file(small.out + "/events.md");
    CHECK(partial.find("Not finished: event_driven 0.5 #1.") != partial.npos);
    CHECK(partial.find("| `spikegpt` |") != partial.npos);

    // As if the other had been stopped after two of its three steps.
    std::string const kept = read_file(small.in_run("spikegpt-seed1") + "/result.json");
    std::string const begun = small.in_run("event_driven-0.5-seed1");
    REQUIRE(run_in_shell("'" + built + "' train --variant event_driven --event-cost 0.5 --seed 1" +
                         small.model + small.texts + " --threads 1 --steps 2 --out '" + begun + "'")
                .code == 0);
    auto const done = small.reproduce("--steps 3");
    CAPTURE(done.output);
    CHECK(done.code == 0);
    CHECK(read_file(begun + "/log.txt").find("goes on after step 2") != std::string::npos);
    CHECK(read_file(small.in_run("spikegpt-seed1") + "/result.json") == kept);
    std::string const report = read_file(small.out + "/events.md");
    for (char const* part : {"| `spikegpt` |  | 1 | ", "| `event_driven` | 0.5 | 1 | ",
                             "bits per character", "3 steps of 2 x 16", "| `event_driven 0.5` | ",
                             "cannot be compared with published numbers"}) {
        CAPTURE(part);
        CHECK(report.find(part) != report.npos);
    }
    CHECK(report.find("Not finished") == report.npos);
    for (char const* picture : {"/events.png", "/curves.png", "/densities.png"}) {
        CHECK(read_file(small.out + picture).starts_with("\x89PNG"));
    }

    auto const other = small.reproduce("--steps 4 --batch 3");
    CHECK(other.code == 1);
    CHECK(other.says("--batch was 2, is 3, --steps was 3, is 4"));
}

TEST_CASE("reproduce table5: a row for each variant, and the difference to the first") {
    if (!has_matplotlib()) { return; }
    SmallExperiment const small;
    auto const done =
        small.experiment("table5", "--steps 3 --only vanilla_rwkv spikegpt_b" + small.model);
    small.check_report(done, "table5.md",
                       {"| `vanilla_rwkv` | none: the twin of numbers | 1 | ",
                        "| `spikegpt_b` | the same, and LIF inside channel mixing | 1 | ",
                        "bits per character", "3 steps of 2 x 16"});
    small.check_pictures({"table5.png", "curves.png"});
}

TEST_CASE("reproduce energy: accountings have tables of their own, no spikes have no figure") {
    if (!has_matplotlib()) { return; }
    SmallExperiment const small;
    std::string const flags = "--steps 3 --only vanilla_rwkv spike_driven" + small.model;
    auto const done = small.experiment("energy", flags + " --tokens 8");
    // 16 channels: 13 x 16 x 16 terms of a block and 256 x 16 of the head, all of which multiply.
    small.check_report(done, "energy.md",
                       {" | 7,424 | 7,424 | 0 | 0 | ", " | 7,424 | 0 | ",
                        "### The paper's accounting", "| `vanilla_rwkv` |  |  |  |",
                        "### As executed", "| `vanilla_rwkv` | 34.2 | 100.0 % | "});
    small.check_pictures({"operations.png", "energy.png"});
    CHECK(small.experiment("energy", flags + " --tokens 9").says("--tokens was 8, is 9"));
}

TEST_CASE("reproduce figure3: the law of exact points is found") {
    if (!has_matplotlib()) { return; }
    SmallExperiment const small;
    write_file(small.folder / "check.py", R"(
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from experiments.figure3 import fit
law = fit([(n, (5e4 / n) ** 0.08) for n in (1e4, 3e4, 2e5, 1e6)])
assert abs(law.alpha - 0.08) < 1e-9 and abs(law.scale / 5e4 - 1) < 1e-6, law
assert abs(law.r2 - 1) < 1e-9 and abs(law.loss(5e4) - 1) < 1e-9, law
assert fit([(1e4, 2.0)]) is None and fit([(1e4, 2.0), (2e4, 2.0)]) is None
)");
    auto const checked = run_in_shell("/usr/bin/python3 '" + (small.folder / "check.py") +
                                      "' " SPIKELET_SOURCE_DIR "/tools");
    CHECK_MESSAGE(checked.code == 0, checked.output);
    auto const done = small.experiment("figure3", "--steps 3 --ctx 16 --batch 2 --sizes 1x16 1x32");
    small.check_report(done, "figure3.md",
                       {"| `spikegpt` | 1 x 16 | ", "| `spikegpt` | 1 x 32 | ",
                        "nats per character", "`spikegpt`, 2 sizes: loss = ("});
    small.check_pictures({"figure3.png"});
}

TEST_CASE("reproduce figure5: pictures of spikes, and what fires") {
    if (!has_matplotlib()) { return; }
    SmallExperiment const small;
    auto const done =
        small.experiment("figure5", "--steps 3 --only spikegpt --length 20" + small.model);
    small.check_report(done, "figure5.md",
                       {"(runs/spikegpt-seed1/raster.svg)", "| `blocks.0.lif1` | 16 | "});
    small.check_pictures({"runs/spikegpt-seed1/raster.svg", "runs/spikegpt-seed1/rates.svg"});
}

TEST_CASE("reproduce table4: classifiers both ways, measured on test.tsv where there is one") {
    if (!has_matplotlib()) { return; }
    SmallExperiment small;
    std::string const set = small.folder / "moods";
    std::filesystem::create_directory(set);
    std::string lines;
    for (int i = 0; i < 8; ++i) { lines += "good\ta fine spike\nbad\tthe late neuron waits\n"; }
    for (char const* name : {"/train.tsv", "/valid.tsv"}) { write_file(set + name, lines); }
    write_file(set + "/test.tsv", "good\ta spike\ngood\tfine\nbad\tlate\n");
    small.texts = " --data '" + set + "'";
    std::string const flags = "--steps 2 --epochs 1 --embd 16 --bpe-merges 8";
    auto const done = small.experiment("table4", flags);
    small.check_report(done, "table4.md",
                       {"| moods | 2 | 16 | 3 (test.tsv) | 1 | 66.7 % | ", "from scratch: accuracy",
                        "pre-trained: accuracy", "2 steps"});
    small.check_pictures({"table4.png"});
    CHECK(small.experiment("table4", "--report --embd 16 --bpe-merges 8").code == 0);
    CHECK(small.experiment("table4", flags + " --layers 2").says("other settings: --layers;"));
    write_file(set + "/valid.tsv", "good\tfine\nno label\n");
    CHECK(small.experiment("table4", flags).says("valid.tsv:2: a line label<TAB>text"));
}

}  // namespace spikelet_test::tools_test
