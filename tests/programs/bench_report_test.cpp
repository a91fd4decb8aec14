// SPDX-License-Identifier: MIT
// tools/bench_report: what it makes of results that are known.
#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "io/support.hpp"
#include "programs/bench_json.hpp"
#include "programs/shell.hpp"

namespace spikelet_test::bench_report_test {

namespace {

ShellOutcome report(std::string const& words) {
    return run_in_shell(SPIKELET_SOURCE_DIR "/tools/bench_report " + words);
}

bool there_is_matplotlib() {
    if (run_in_shell("/usr/bin/python3 -c 'import matplotlib'").code == 0) { return true; }
    MESSAGE("skipped: there is no matplotlib");
    return false;
}

bool contains(std::string const& text, std::string_view line) {
    return text.find(line) != std::string::npos;
}

}  // namespace

TEST_CASE("bench_report: ratios are those of medians, means over shapes are geometric") {
    TemporaryFolder folder;
    char const* const ours = "forward/one_thread/M:16/K:8/N:8/real_time";
    char const* const theirs = "forward/openblas/M:16/K:8/N:8/real_time";
    auto const rate = [](int gflop) { return R"("dense GFLOP/s": )" + std::to_string(gflop); };
    auto const json = bench_json({
        bench_row(ours, 9, 1, rate(11)),
        bench_row(theirs, 3, 1, rate(5)),
        bench_row(ours, 1, 1, rate(99)),
        bench_row(theirs, 8, 1, rate(20)),
        bench_row(ours, 2, 1, rate(80)),
        bench_row(theirs, 100, 1, rate(40)),
        bench_row("forward/one_thread/M:16/K:8/N:32/real_time", 5, 1, rate(7)),
        bench_row("forward/openblas/M:16/K:8/N:32/real_time", 5, 1, rate(7)),
        bench_row("forward/two_threads/M:16/K:8/N:8/process_time/real_time", 1, 1, rate(160)),
        // Neither a mean over repetitions nor what failed is a run.
        R"({"run_name": "forward/one_thread/M:16/K:8/N:8/real_time", "run_type": "aggregate",
            "time_unit": "us", "real_time": 0.001, "cpu_time": 0.001, "dense GFLOP/s": 1})",
        bench_row(ours, 0.001, 1, R"("error_occurred": true, "dense GFLOP/s": 1)"),
    });
    write_file(folder / "products.json", json);
    auto const made = report("'" + (folder / "products.json") + "'");
    CHECK_MESSAGE(made.code == 0, made.output);
    auto const text = read_file(folder / "products.md");
    CAPTURE(text);
    CHECK(contains(text, "Medians of 1 runs or more."));
    CHECK(
        contains(text, "| product | rows | speed-up |\n|---|---|---|\n| forward | 16 | 2.00 |\n"));
    CHECK(contains(text, "| sizes | one_thread | openblas | two_threads | one_thread : openblas | "
                         "two_threads : openblas |\n"));
    CHECK(contains(text, "| M:16 K:8 N:8 | 80 | 20 | 160 | 4.00 | 8.00 |\n"));
    CHECK(contains(text, "| M:16 K:8 N:32 | 7 | 7 |  | 1.00 |  |\n"));
}

TEST_CASE(
    "bench_report: densities are columns, and bytes a second and tokens are told with units") {
    TemporaryFolder folder;
    auto const milliseconds = R"({"run_name": "forward/openblas/M:16/percent:5", "time_unit": "ms",
        "run_type": "iteration", "real_time": 0.012, "cpu_time": 0.012})";
    write_file(folder / "spikes.json",
               bench_json({bench_row("forward/one_thread/M:16/percent:5", 2, 2), milliseconds,
                           bench_row("forward/one_thread/M:16/percent:50", 4, 4),
                           bench_row("forward/openblas/M:16/percent:50", 12, 12),
                           bench_row("adam/one_thread/T:8", 1, 1, R"("bytes_per_second": 21.4e9)"),
                           bench_row("decode/one_thread/L:2", 1, 1, R"("tokens/s": 12.6)"),
                           bench_row("probe_fma/one_thread", 2, 4, R"("operations": 64000)")}));
    auto const made = report("'" + (folder / "spikes.json") + "' --out '" + (folder / "new") + "'");
    CHECK_MESSAGE(made.code == 0, made.output);
    auto const text = read_file(folder / "new/spikes.md");
    CAPTURE(text);
    CHECK(contains(text, "| product | rows | 5 % | 50 % |\n"));
    CHECK(contains(text, "| forward | 16 | 6.0 | 3.0 |\n"));
    CHECK(contains(text, "| T:8 | 21 GB/s |\n"));
    CHECK(contains(text, "| L:2 | 13 tokens/s |\n"));
    CHECK(contains(text, "| 32 GFLOP/s |\n"));
    if (there_is_matplotlib()) {
        CHECK(std::filesystem::file_size(folder / "new/spikes.png") > 5000);
        CHECK_FALSE(std::filesystem::exists(folder / "new/roofline.png"));  // no probe of memory
    }
}

TEST_CASE("bench_report: a file that is no result is told in one line") {
    TemporaryFolder folder;
    char const* const broken[] = {
        "",
        "{",
        "[]",
        R"({"context": {}})",
        R"({"context": {}, "benchmarks": 3})",
        R"({"context": {}, "benchmarks": []})",
        R"({"benchmarks": [{"run_name": "a", "run_type": "iteration", "time_unit": "us",
            "real_time": 1, "cpu_time": 1}]})",
        R"({"context": {}, "benchmarks": [{"run_name": "a", "run_type": "iteration",
            "time_unit": "us", "cpu_time": 1}]})",
        R"({"context": {}, "benchmarks": [{"run_name": "a/b/c", "run_type": "iteration",
            "time_unit": "us", "real_time": 1, "cpu_time": 1}]})",
    };
    for (char const* text : broken) {
        CAPTURE(text);
        write_file(folder / "broken.json", text);
        auto const refused = report("'" + (folder / "broken.json") + "'");
        CHECK(refused.code == 1);
        CHECK(refused.says("bench_report: "));
        CHECK(refused.says("broken.json"));
        CHECK(std::count(refused.output.begin(), refused.output.end(), '\n') == 1);
        CHECK_FALSE(std::filesystem::exists(folder / "broken.md"));
    }
    CHECK(report("'" + (folder / "none.json") + "'").code == 1);
}

TEST_CASE("bench_report: files of different machines, builds or runs are refused together") {
    TemporaryFolder folder;
    auto const row = bench_row("adam/one_thread/T:8", 1, 1);
    char const* const here =
        R"("host_name": "one", "cpu": "C", "instructions": "avx2", "run": "1")";
    write_file(folder / "a.json", bench_json({row}, here));
    for (char const* other :
         {R"("host_name": "two")", R"("host_name": "one", "cpu": "D")",
          R"("host_name": "one", "instructions": "sse2")", R"("host_name": "one", "run": "2")",
          R"("host_name": "one", "caches": [])"}) {
        CAPTURE(other);
        write_file(folder / "b.json", bench_json({row}, other));
        auto const refused = report("'" + (folder / "a.json") + "' '" + (folder / "b.json") +
                                    "' --out '" + (folder / "") + "'");
        CHECK(refused.code == 1);
        CHECK(refused.says("not of one machine, build and run"));
        CHECK_FALSE(std::filesystem::exists(folder / "a.md"));
    }
    write_file(folder / "b.json", bench_json({row}, R"("host_name": "one", "run": "1")"));
    CHECK(report("'" + (folder / "a.json") + "' '" + (folder / "b.json") + "'").code == 0);
    CHECK(std::filesystem::exists(folder / "b.md"));
}

TEST_CASE("roofline: points and roofs are operations, bytes and processor time") {
    TemporaryFolder folder;
    write_file(folder / "check.py", R"(
import math, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import roofline
caches = [{"type": "Data", "level": 1, "size": 1000},
          {"type": "Instruction", "level": 1, "size": 1000000},
          {"type": "Unified", "level": 2, "size": 20000}]
def run(operations, size, nanoseconds):
    return {"operations": operations, "bytes": size, "cpu_time": nanoseconds, "real_time": 1}
sizes = ("M:16", "K:8", "N:8")
panels = roofline.panels_of("matmul", {
    ("forward", "two_threads", sizes): run(600, 200, 3),
    ("forward", "openblas", sizes): run(600, 200, 4),
    ("forward", "one_thread", sizes): run(600, 200, 3),
    ("probe_fma", "one_thread", ()): run(9, 0, 1)})
assert panels == {"matmul, by rows": [roofline.Point("forward", "one_thread", "16", 3, 200),
                                      roofline.Point("forward", "openblas", "16", 3, 150)]}, panels
spikes = roofline.panels_of("spike", {("f", "one_thread", ("M:1", "percent:5")): run(8, 4, 2)})
assert spikes == {"spike, 1 row, by percent of spikes":
                  [roofline.Point("f", "one_thread", "5", 2, 4)]}, spikes
scans = roofline.panels_of("scan", {("adam", "one_thread", ("T:8", "C:4")): run(8, 4, 2)})
assert scans == {"scan": [roofline.Point("adam", "T:8 C:4", "adam", 2, 4)]}, scans
peaks, bandwidths = roofline.roofs_of({
    "a": ({}, {("probe_fma", "one_thread", ()): run(96, 0, 2)}),
    "b": ({"caches": caches}, {
        ("probe_read", "one_thread", ("T:1",)): run(0, 400, 4),
        ("probe_copy", "one_thread", ("T:1",)): run(0, 500, 4),
        ("probe_read", "one_thread", ("T:2",)): run(0, 600, 10),
        ("probe_read", "one_thread", ("T:3",)): run(0, 15000, 1),  # perhaps half in a cache
        ("adam", "memory", ("T:4",)): run(0, 40000, 1),  # no probe
        ("probe_read", "one_thread", ("T:4",)): run(0, 40000, 1000)})})
assert peaks == {"multiply-adds": 48}, peaks
assert bandwidths == {"memory": 40, "L2 cache": 60, "L1 cache": 125}, bandwidths
middle = roofline.centre([roofline.Point("f", "o", "1", x, y) for x, y in ((1, 2), (4, 32))])
assert math.isclose(middle.x, 2) and math.isclose(middle.y, 8), middle
)");
    auto const checked = run_in_shell("/usr/bin/python3 '" + (folder / "check.py") +
                                      "' " SPIKELET_SOURCE_DIR "/tools");
    CHECK_MESSAGE(checked.code == 0, checked.output);
}

TEST_CASE("bench_report: probes of one file are the roof of all kernels") {
    if (!there_is_matplotlib()) { return; }
    TemporaryFolder folder;
    auto const kernel = bench_row("forward/one_thread/M:16/K:8/N:8", 1, 1,
                                  R"("operations": 90000, "bytes": 30000)");
    auto const fma = bench_row("probe_fma/one_thread", 1, 1, R"("operations": 96000, "bytes": 0)");
    auto const read = bench_row("probe_read/T:1", 1, 1, R"("operations": 0, "bytes": 20000)");
    write_file(folder / "kernels.json", bench_json({kernel}));
    write_file(folder / "probes.json", bench_json({fma, read}));
    auto const both = "'" + (folder / "kernels.json") + "' '" + (folder / "probes.json") + "'";
    CHECK(report("'" + (folder / "kernels.json") + "'").code == 0);
    CHECK_FALSE(std::filesystem::exists(folder / "roofline.png"));
    auto const drawn = report(both);
    CHECK_MESSAGE(drawn.code == 0, drawn.output);
    CHECK(drawn.says("roofline.png"));
    CHECK(std::filesystem::file_size(folder / "roofline.png") > 5000);
}

}  // namespace spikelet_test::bench_report_test
