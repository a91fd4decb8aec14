// SPDX-License-Identifier: MIT
// tools/reproduce: experiments as small as can be.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "io/support.hpp"
#include "programs/experiment.hpp"
#include "programs/shell.hpp"

namespace spikelet_test::reproduce_test {

namespace {

// Asserts something of the scripts' functions.
void check_python(SmallExperiment const& small, std::string const& script) {
    write_file(small.folder / "check.py", "import sys\n"
                                          "sys.dont_write_bytecode = True\n"
                                          "sys.path.insert(0, sys.argv[1])\n" +
                                              script);
    auto const checked = run_in_shell("/usr/bin/python3 '" + (small.folder / "check.py") +
                                      "' '" SPIKELET_SOURCE_DIR "/tools'");
    CHECK_MESSAGE(checked.code == 0, checked.output);
}

std::string repeated(std::string const& line, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) { text += line; }
    return text;
}

void write_packed(std::string const& path, std::string const& text) {
    write_file(path, text);
    REQUIRE(run_in_shell("/usr/bin/python3 -c 'import lzma, pathlib, sys; "
                         "path = pathlib.Path(sys.argv[1]); "
                         "pathlib.Path(sys.argv[1] + \".xz\").write_bytes("
                         "lzma.compress(path.read_bytes())); path.unlink()' '" +
                         path + "'")
                .code == 0);
}

// An experiment that finds its texts in a folder of data.
struct SharedExperiment : SmallExperiment {
    std::string data = folder / "shared/data/";

    explicit SharedExperiment(std::vector<std::string> const& sets) {
        for (auto const& set : sets) { std::filesystem::create_directories(data + set); }
        texts = "";
        environment = "SPIKELET_SHARED='" + (folder / "shared") + "'";
    }
};

}  // namespace

TEST_CASE("reproduce: help is no mistake, a mistake is one line, what is missing is named") {
    CHECK(tool("reproduce --help").says("usage: tools/reproduce"));
    auto const helped = tool("reproduce events --help");
    CHECK(helped.code == 0);
    CHECK(helped.says("--minutes N"));
    for (char const* wrong : {"", "bogus", "events --bogus", "events --steps 0", "events --seeds x",
                              "events --steps 3 --minutes 1", "events --only bogus --steps 3",
                              "events --size 1m --embd 16 --steps 3", "table5 --only bogus",
                              "figure3 --sizes 4x", "figure5 --only vanilla_rwkv", "table4",
                              "table2 --only bogus", "table3 --bpe-merges 0"}) {
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
                   built_spikegpt + "' \"$@\"\n");
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
    REQUIRE(run_in_shell("'" + built_spikegpt +
                         "' train --variant event_driven --event-cost 0.5 --seed 1" + small.model +
                         small.texts + " --threads 1 --steps 2 --out '" + begun + "'")
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

TEST_CASE("reproduce table2: the folder of data may be packed, and know n-grams of its texts") {
    if (!has_matplotlib()) { return; }
    SharedExperiment const small({"enwik8_prefix"});
    std::string const set = small.data + "enwik8_prefix/";
    write_packed(set + "train.txt", repeated("A spike came l\xC3\xA4te.\n", 200));
    write_packed(set + "valid.txt", repeated("The n\xC3\xA4uron waits.\n", 20));
    write_file(set + "test.txt", repeated("No spike came.\n", 20));
    auto const n_grams = [&](std::string const& train_bytes) {
        write_file(small.data + "baselines_charlm.tsv",
                   "set\teval\ttrain_bytes\teval_bytes\torder0\torder1\torder2\n"
                   "enwik8_prefix\tvalid\t" +
                       train_bytes + "\t380\t4.5\t2.25\t2.5\n");
    };
    n_grams("4000");
    std::string const flags = small.model + " --steps 3";
    auto const done = small.experiment("table2", flags);
    small.check_report(done, "table2.md",
                       {"enwik8_prefix/train.txt, 4,000 bytes", "bits per byte, train",
                        "bits per byte, test", "bits per character, valid",
                        "| byte n-grams, order 1 |  |  |  | 2.250 |  | ",
                        "| `vanilla_rwkv` | 7,424 | ", "3 steps of 2 x 16"});
    small.check_pictures({"table2.png", "curves.png"});
    n_grams("4001");
    CHECK(small.experiment("table2", "--report" + small.model).code == 0);
    CHECK(read_file(small.out + "/table2.md").find("n-grams") == std::string::npos);
    std::filesystem::remove(set + "test.txt");
    CHECK(small.experiment("table2", flags).says("--test was another text of 300 bytes;"));
}

TEST_CASE("reproduce table3: pre-training goes on where it was, and words are counted") {
    if (!has_matplotlib()) { return; }
    SharedExperiment const small({"wikitext2", "books"});
    check_python(small, R"(
from experiments.table3 import count_words, word_text
assert count_words(b" = A spike = \n \n") == 6
assert word_text(b"ab cd\n" * 2, [1.5]) == "8"
assert word_text(b"x" * 1000, [1.5]) == ""
)");
    write_packed(small.data + "wikitext2/wiki.train.tokens", repeated(" a spike is late \n", 200));
    write_file(small.data + "wikitext2/wiki.valid.tokens", repeated(" late = a spike \n", 20));
    write_packed(small.data + "books/train_00.txt", repeated("Neurons wait.\n", 100));
    write_file(small.data + "books/train_01.txt", repeated("Neurons waited.\n", 100));
    std::string const flags = small.model + " --steps 2 --bpe-merges ";
    small.check_report(small.experiment("table3", flags + "8"), "table3.md",
                       {"a BPE of 265 tokens", "| words | 100 in what is measured on |",
                        "books/train_00.txt, books/train_01.txt, 3,000 bytes",
                        "| `vanilla_rwkv` | the text | 1 | ", "| `spikegpt` | the text | 1 | ",
                        "| `spikegpt` | the other text | 1 | ",
                        "| `spikegpt` | the other text, then the text | 1 | "});
    small.check_pictures({"table3.png", "curves.png"});

    std::string const run = small.in_run("spikegpt-pretrained-seed1");
    auto const has = [&](std::string const& file, std::string const& text) {
        return read_file(run + file).find(text) != std::string::npos;
    };
    CHECK(has("/pretraining/config.json", "tokens/pretrain.idx"));
    CHECK(has("/config.json", "tokens/data.idx"));
    CHECK(has("/config.json", R"("vocab": "tokens")"));  // as the given model has it

    // As if it had been stopped between pre-training and training.
    std::string const model = read_file(run + "/model.safetensors");
    std::string const first = read_file(run + "/pretraining/model.safetensors");
    for (auto const& entry : std::filesystem::directory_iterator(run)) {
        if (entry.is_regular_file()) { std::filesystem::remove(entry.path()); }
    }
    CHECK(small.experiment("table3", flags + "8").code == 0);
    CHECK(has("/log.txt", "goes on after step 2"));
    CHECK(read_file(run + "/model.safetensors") == model);
    CHECK(read_file(run + "/pretraining/model.safetensors") == first);
    CHECK(model != first);
    CHECK(small.experiment("table3", flags + "9").says("--bpe-merges was 8, is 9;"));
    CHECK(small.experiment("table3", flags + "8 --pretrain '" + small.data + "books/train_01.txt'")
              .says("--pretrain was another text of 3000 bytes;"));
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
    check_python(small, R"(
from experiments.figure3 import fit
law = fit([(n, (5e4 / n) ** 0.08) for n in (1e4, 3e4, 2e5, 1e6)])
assert abs(law.alpha - 0.08) < 1e-9 and abs(law.scale / 5e4 - 1) < 1e-6, law
assert abs(law.r2 - 1) < 1e-9 and abs(law.loss(5e4) - 1) < 1e-9, law
assert fit([(1e4, 2.0)]) is None and fit([(1e4, 2.0), (2e4, 2.0)]) is None
)");
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

}  // namespace spikelet_test::reproduce_test
