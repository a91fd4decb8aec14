// SPDX-License-Identifier: MIT
// bench/measure, with programs that only pretend to measure.
#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "io/support.hpp"
#include "programs/bench_json.hpp"
#include "programs/shell.hpp"

namespace spikelet_test::measure_test {

namespace {

/// A folder of programs that write the same results and how they were called.
struct Pretenders {
    TemporaryFolder folder;

    explicit Pretenders(std::initializer_list<char const*> names) {
        std::filesystem::create_directory(folder / "bench");
        for (char const* name : names) {
            write_file(folder / (std::string("bench/") + name), R"(#!/bin/sh
echo "a table that nobody reads"
echo "$0 $* $OPENBLAS_NUM_THREADS $OMP_NUM_THREADS" >>"$(dirname "$0")/calls"
for word; do case "$word" in --benchmark_out=*) cp "$0.json" "${word#*=}" ;; esac; done
)");
            std::filesystem::permissions(folder / (std::string("bench/") + name),
                                         std::filesystem::perms::owner_all);
            auto const kernel = bench_row("forward/one_thread/M:16/K:8/N:8", 1, 1,
                                          R"("operations": 90000, "bytes": 30000)");
            auto const fma = bench_row("probe_fma/one_thread", 1, 1, R"("operations": 96000)");
            auto const read = bench_row("probe_read/T:1", 1, 1, R"("bytes": 20000)");
            write_file(folder / (std::string("bench/") + name + ".json"),
                       bench_json({kernel, fma, read}));
        }
    }

    [[nodiscard]] ShellOutcome measure(std::string const& words) const {
        return run_in_shell("SPIKELET_BENCH_DIR='" + (folder / "bench") +
                            "' " SPIKELET_SOURCE_DIR "/bench/measure --out '" + (folder / "out") +
                            "' " + words);
    }
};

/// Whether it was one line and nothing was begun.
bool is_refused(Pretenders const& programs, ShellOutcome const& outcome) {
    return std::count(outcome.output.begin(), outcome.output.end(), '\n') == 1 &&
           outcome.says("measure: ") && !outcome.says("line ") &&
           !std::filesystem::exists(programs.folder / "out") &&
           !std::filesystem::exists(programs.folder / "bench/calls");
}

}  // namespace

TEST_CASE("measure: help is no mistake, a mistake is one line") {
    Pretenders const programs{"matmul_bench"};
    for (char const* help : {"--help", "-h"}) {
        auto const helped = programs.measure(help);
        CHECK(helped.code == 0);
        CHECK(helped.says("Usage: bench/measure"));
        CHECK_FALSE(std::filesystem::exists(programs.folder / "bench/calls"));
    }
    for (char const* wrong : {"--bogus", "--out", "--out ''", "--repetitions", "--repetitions 0",
                              "--repetitions three"}) {
        CAPTURE(wrong);
        auto const refused = programs.measure(wrong);
        CAPTURE(refused.output);
        CHECK(refused.code == 2);
        CHECK(is_refused(programs, refused));
    }
}

TEST_CASE("measure: nothing runs when a program is missing, and all that are missing are told") {
    Pretenders const programs{"matmul_bench", "spike_matmul_bench", "training_bench"};
    auto const refused = programs.measure("");
    CAPTURE(refused.output);
    CHECK(refused.code == 1);
    CHECK(is_refused(programs, refused));
    for (char const* name : {"scan_bench", "decode_bench", "quantized_spike_bench"}) {
        CHECK(refused.says(name));
    }
    CHECK_FALSE(refused.says("training_bench"));
    CHECK(is_refused(programs, programs.measure("matmul_bench bogus_bench")));
}

TEST_CASE("measure: one command makes all results, tables and pictures in one folder") {
    Pretenders const programs{"matmul_bench", "scan_bench"};
    auto const measured = programs.measure("--repetitions 3 matmul_bench scan_bench");
    CHECK_MESSAGE(measured.code == 0, measured.output);
    CHECK(measured.says("2 programs, 3 repetitions each, about "));
    CHECK(measured.says("scan_bench (2 of 2), about "));
    CHECK_FALSE(measured.says("nobody reads"));
    for (char const* file : {"out/matmul_bench.json", "out/matmul_bench.md", "out/scan_bench.md"}) {
        CHECK(std::filesystem::exists(programs.folder / file));
    }
    auto const pictures = run_in_shell("/usr/bin/python3 -c 'import matplotlib'").code == 0;
    CHECK(std::filesystem::exists(programs.folder / "out/roofline.png") == pictures);
    auto const calls = read_file(programs.folder / "bench/calls");
    CAPTURE(calls);
    CHECK(std::count(calls.begin(), calls.end(), '\n') == 2);
    CHECK(calls.find("--benchmark_repetitions=3 ") != std::string::npos);
    CHECK(calls.find("interleaving=true ") != std::string::npos);
    CHECK(calls.find("--benchmark_context=run=") != std::string::npos);
    CHECK(calls.find(" 1 1\n") != std::string::npos);
    CHECK(calls.find("two_threads") == std::string::npos);
    CHECK(programs.measure("--one-thread scan_bench").code == 0);
    CHECK(read_file(programs.folder / "bench/calls").find("_filter=-two_threads|threads:2 ") !=
          std::string::npos);
}

TEST_CASE("measure: a program that fails ends it, by name") {
    Pretenders const programs{"matmul_bench", "scan_bench"};
    write_file(programs.folder / "bench/scan_bench", "#!/bin/sh\nexit 3\n");
    auto const failed = programs.measure("scan_bench matmul_bench");
    CHECK(failed.code == 1);
    CHECK(failed.says("measure: scan_bench failed"));
    CHECK_FALSE(std::filesystem::exists(programs.folder / "out/matmul_bench.json"));
}

}  // namespace spikelet_test::measure_test
