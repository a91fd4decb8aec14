// SPDX-License-Identifier: MIT
// Command lines of the smaller programs and scripts.
#include <algorithm>
#include <filesystem>
#include <string>

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

// Two kinds of small models on a small text, one seed.
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

    [[nodiscard]] ShellOutcome reproduce(std::string const& more,
                                         std::string const& program = built) const {
        return tool("reproduce events --only spikegpt event_driven --event-costs 0.5 --seeds 1" +
                    model + texts + " --out '" + out + "' --spikegpt '" + program + "' " + more);
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
                              "events --size 1m --embd 16 --steps 3"}) {
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

}  // namespace spikelet_test::tools_test
