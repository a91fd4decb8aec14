// SPDX-License-Identifier: MIT
// The picture of which classes are taken for which.
#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "io/support.hpp"
#include "programs/experiment.hpp"
#include "programs/shell.hpp"

namespace spikelet_test::plot_confusion_test {

namespace {

// What spikegpt classify eval --json ends with.
constexpr char const* result =
    R"({"model": "m.safetensors", "labels": ["0", "1", "7"], "accuracy": 0.7, "macro_f1": 0.625,)"
    R"( "confusion": [[41, 3, 0], [5, 17, 2], [0, 0, 0]]})";

std::string start_of(std::string const& path) { return read_file(path).substr(0, 4); }

}  // namespace

TEST_CASE("plot_confusion: draws the last line of a file, or of standard input") {
    if (!has_matplotlib()) { return; }
    TemporaryFolder folder;
    write_file(folder / "test.json", std::string("accuracy  0.7000\n") + result + "\n");
    auto const drawn = tool("plot_confusion '" + (folder / "test.json") + "'");
    CHECK_MESSAGE(drawn.code == 0, drawn.output);
    CHECK(drawn.output == (folder / "test.png") + "\n");
    CHECK(start_of(folder / "test.png") == "\x89PNG");
    auto const piped = run_in_shell("cat '" + (folder / "test.json") +
                                    "' | '" SPIKELET_SOURCE_DIR "/tools/plot_confusion' - --out '" +
                                    (folder / "piped.png") + "'");
    CHECK_MESSAGE(piped.code == 0, piped.output);
    CHECK(read_file(folder / "piped.png") == read_file(folder / "test.png"));
}

TEST_CASE("plot_confusion: every count is there, classes have their names, and the title") {
    if (!has_matplotlib()) { return; }
    TemporaryFolder folder;
    write_file(folder / "test.json", result);
    write_file(folder / "names", "0 rather bad\n\n1\tgood\n");
    auto const checked = check_in_python("plot_confusion", folder / "", R"(
tool.pyplot.rcParams["svg.fonttype"] = "none"
names = tool.read_names(here / "names")
assert names == {"0": "rather bad", "1": "good"}, names
tool.draw(tool.read_result(here / "test.json"), names, "TREC", here / "x.svg")
text = (here / "x.svg").read_text()
for part in ("41", "17", "rather bad", "good", "7", "TREC", "accuracy 0.700, macro F1 0.625"):
    assert f">{part}<" in text, part
assert text.count(">rather bad<") == 2  # of both axes
)");
    CHECK_MESSAGE(checked.code == 0, checked.output);
}

TEST_CASE("plot_confusion: what cannot be drawn is told in one line") {
    if (!has_matplotlib()) { return; }
    TemporaryFolder folder;
    auto const complains = [](ShellOutcome const& done, int code, std::string_view reason) {
        CAPTURE(done.output);
        CHECK(done.code == code);
        CHECK(done.says(reason));
        CHECK_FALSE(done.says("Traceback"));
    };
    std::string const file = folder / "test.json";
    for (char const* wrong : {"", "accuracy 0.7", "[]", R"({"labels": ["a", "b"]})",
                              R"({"labels": ["a", "b"], "confusion": [[1, 2]]})",
                              R"({"labels": ["a", "b"], "confusion": [[1, 2], [3]]})",
                              R"({"labels": ["a", "b"], "confusion": [[1, 2], [3, -1]]})",
                              R"({"labels": ["a", "b"], "confusion": [[1, 2], [3, 0.5]]})",
                              R"({"labels": ["a"], "confusion": [[1]]})"}) {
        CAPTURE(wrong);
        write_file(file, wrong);
        complains(tool("plot_confusion '" + file + "'"), 1, "does not end with the JSON");
    }
    complains(tool("plot_confusion '" + (folder / "none") + "'"), 1, "none: No such file");
    complains(tool("plot_confusion - </dev/null"), 2, "give --out");
    write_file(file, result);
    complains(tool("plot_confusion '" + file + "' --out '" + (folder / "a.strange") + "'"), 1,
              "cannot write");
    complains(tool("plot_confusion '" + file + "' --out '" + (folder / "no/a.png") + "'"), 1,
              "cannot write");
    CHECK(folder.count() == 1);
}

}  // namespace spikelet_test::plot_confusion_test
