// SPDX-License-Identifier: MIT
#include "programs/spikegpt.hpp"
#include "programs/terminal.hpp"

namespace spikelet_test::spikegpt_progress_test {

namespace {

Arguments long_run(TemporaryFolder const& folder) {
    write_file(folder / "text", sample_text());
    return Arguments{"train",        "--data",  folder / "text", "--out",
                     folder / "run", "--steps", "90000"} +
           tiny;
}

std::vector<std::string> lines_on(Terminal const& terminal) {
    TemporaryFolder folder;
    Spikegpt program(long_run(folder) + Arguments{"--eval-every", "5", "--eval-tokens", "32"},
                     terminal.path());
    REQUIRE(wait_for_lines(folder / "run/metrics.csv", 50));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    program.send(SIGTERM);
    program.wait();
    return terminal.lines();
}

}  // namespace

TEST_CASE("spikegpt train: the line that moves has all that matters on 80 columns") {
    Terminal const terminal(80);
    if (!terminal.works()) { return; }
    auto const lines = lines_on(terminal);
    REQUIRE(lines.size() >= 2);
    for (std::string const& line : lines) {
        CAPTURE(line);
        CHECK(line.size() < 80);
        for (char const* field : {"step ", "/90000", "loss ", "bpb ", "tok/s", "firing ", "ETA "}) {
            CAPTURE(field);
            CHECK(line.find(field) != std::string::npos);
        }
    }
    CHECK(lines.back().find("valid ") != std::string::npos);
}

TEST_CASE("spikegpt train: a narrow terminal still shows the time left, a wide one all") {
    Terminal const narrow(30);
    if (!narrow.works()) { return; }
    for (std::string const& line : lines_on(narrow)) {
        CAPTURE(line);
        CHECK(line.size() < 30);
        CHECK(line.find("step ") != std::string::npos);
        CHECK(line.find("ETA ") != std::string::npos);
        CHECK(line.find("lr ") == std::string::npos);
    }
    Terminal const wide(200);
    CHECK(lines_on(wide).back().find("  lr 0.0") != std::string::npos);
}

TEST_CASE(
    "spikegpt train: without a reader of its progress a run goes on, and saves when stopped") {
    TemporaryFolder folder;
    Pipe pipe;
    Spikegpt program(long_run(folder), pipe.path());
    pipe.close();  // before the first line
    REQUIRE(wait_for_lines(folder / "run/metrics.csv", 5));
    program.send(SIGINT);
    auto const stopped = program.wait();
    CHECK(stopped.code == 128 + SIGINT);
    CHECK(stopped.says("stopped and saved"));
}

TEST_CASE("spikegpt train: Ctrl-C saves, though it ends the reader of both outputs as well") {
    TemporaryFolder folder;
    Pipe pipe;  // as in `2>&1 | tee log`
    Spikegpt program(long_run(folder), pipe.path(), pipe.path());
    REQUIRE(wait_for_lines(folder / "run/metrics.csv", 5));
    pipe.close();
    program.send(SIGINT);
    CHECK(program.wait().code == 128 + SIGINT);
    std::string const made = read_csv(folder / "run/metrics.csv").back()[0];
    auto const over = spikegpt({"train", "--out", folder / "run", "--resume", "--steps", made});
    CHECK_MESSAGE(over.says("goes on after step " + made + ", which was the last"), over.out);
}

}  // namespace spikelet_test::spikegpt_progress_test
