// SPDX-License-Identifier: MIT
// Command lines of the smaller programs and scripts.
#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "io/support.hpp"
#include "programs/experiment.hpp"
#include "programs/shell.hpp"

namespace spikelet_test::tools_test {

TEST_CASE("tools: help is no mistake, a mistake is one line") {
    for (std::string const name : {"test", "coverage", "setup", "quickstart"}) {
        for (char const* help : {" --help", " -h"}) {
            auto const helped = tool(name + help);
            CHECK(helped.code == 0);
            CHECK(helped.says("Usage: tools/" + name));
        }
    }
    for (char const* wrong : {"test --bogus", "coverage --bogus", "coverage --at-least",
                              "coverage --at-least much", "setup bogus", "quickstart --bogus",
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
    auto const checked = check_in_python("plot", folder / "", R"(
plot = tool
values = [8.0 - i for i in range(6)] + [2.0] * 600
smoothed = plot.smooth(values)
assert smoothed[0] == 8.0 and smoothed[1] == 7.0, smoothed[:2]
assert smoothed[-1] == 2.0 and len(smoothed) == len(values)
assert plot.site_names({"rate.emb": [], "rate.blocks.0.lif1": []}) == ["rate.blocks.0.lif1"]
assert plot.read_symbol(here / "metrics.csv") == "byte"
assert plot.read_symbol(here / "none" / "metrics.csv") == "token"
assert len(set(plot.colours_for([None] * 20))) == 20
assert plot.name_runs([here / "a/run/m.csv", here / "b/run/m.csv"]) == ["a/run", "b/run"]
)");
    CHECK_MESSAGE(checked.code == 0, checked.output);
}

TEST_CASE("reproduce: tokens of another text never pass for finished") {
    TemporaryFolder folder;
    auto const checked = check_in_python("reproduce", folder / "", R"(
from types import SimpleNamespace as Some
from experiments.tokens import Tokenised
done = Some(result={"vocabulary": 257, "merges": 1, "tokens": 5})
def tokens_of(text):
    settings = {"bpe_merges": 1, "data": text, "pretrain": 0}
    return Tokenised(Some(folder=Some(path=here, settings=settings),
                          program=Some(words=lambda *words: words),
                          texts=Some(files={"data": [text], "pretrain": [0]})))
def carry_out(job, commands):
    steps = job.work()
    next(steps)
    try:
        for _ in range(commands):
            steps.send(done)
    except StopIteration:
        pass
carry_out(tokens_of("a"), 3)
assert tokens_of("a").counts()["data"] == 5
carry_out(tokens_of("b"), 1)  # stopped while its tokens are made
assert tokens_of("a").counts() is None and tokens_of("b").counts() is None
)");
    CHECK_MESSAGE(checked.code == 0, checked.output);
}

TEST_CASE("reproduce table4: a vocabulary of other merges or texts is learned again") {
    TemporaryFolder folder;
    auto const checked = check_in_python("reproduce", folder / "", R"(
from types import SimpleNamespace as Some
from experiments.labelled import Prepared
def commands(merges, text, interrupted=False):
    labelled = Some(name="set", fingerprint=text, texts=lambda: text)
    job = Prepared(Some(folder=Some(path=here, settings={"bpe_merges": merges}),
                        program=Some(words=lambda *words: words)), labelled)
    steps, count = job.work(), 0
    for _ in steps:
        count += 1
        if interrupted:
            steps.close()
        job.vocabulary.write_text(f"{merges} of {text}")
    assert job.vocabulary.read_text() == f"{merges} of {text}"
    return count
assert commands(8, "a") == 1 and commands(8, "a") == 0
assert commands(9, "a") == 1 and commands(9, "a") == 0
assert commands(9, "b") == 1
assert commands(8, "b", interrupted=True) == 1 and commands(8, "b") == 1
)");
    CHECK_MESSAGE(checked.code == 0, checked.output);
}

}  // namespace spikelet_test::tools_test
