// SPDX-License-Identifier: MIT
// The best model of a run is the best that was ever saved.
#include <filesystem>

#include "programs/small_run.hpp"

namespace spikelet_test::spikegpt_best_test {

namespace fs = std::filesystem;

TEST_CASE("spikegpt train: the best validation is the best of those on as many ids") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "9")).code == 0);
    note_best(run, "0.001");
    Arguments const to_the_end{"--json", "--steps"};
    auto const same = spikegpt(run.resume() + to_the_end + Arguments{"10"}).json();
    CHECK(same["best_valid_bpc"] == 0.001);
    auto const other =
        spikegpt(run.resume() + to_the_end + Arguments{"11", "--eval-tokens", "40"}).json();
    CHECK(other["best_valid_bpc"] == other["valid_bpc"]);
}

TEST_CASE("spikegpt train: a best model that is younger than the state stays the best") {
    SmallRun const run;
    std::string const state = run.path + "/resume.safetensors";
    std::string const best = run.path + "/best-valid.safetensors";
    REQUIRE(spikegpt(run.start(run.path, "9")).code == 0);
    std::string const old = read_file(state);
    auto const further = [&](char const* steps) {
        return spikegpt(run.resume() + Arguments{"--json", "--steps", steps});
    };
    auto const killed = further("36").json();
    std::string const model = read_file(best);
    write_file(state, old);
    auto const again = further("10").json();  // other steps, as a clock makes them
    REQUIRE(again["valid_bpc"] > killed["best_valid_bpc"]);
    CHECK(again["best_valid_bpc"] == killed["best_valid_bpc"]);
    CHECK(read_file(best) == model);

    for (auto const& [bits, reason] : {std::pair{"nan", "is nan"}, {"few", "is few"}}) {
        note_best(run, bits);
        auto const refused = further("11");
        CHECK(refused.code == 1);
        CHECK_MESSAGE(refused.complains("best-valid.safetensors': metadata: 'valid_bits' " +
                                        std::string(reason)),
                      refused.err);
    }
    fs::remove(best);
    CHECK(further("11").json()["best_valid_bpc"] < 100);
    CHECK(fs::exists(best));
}

TEST_CASE("spikegpt train: killed before its first checkpoint, a run keeps its best model") {
    SmallRun const run;
    std::string const best = run.path + "/best-valid.safetensors";
    Spikegpt killed(run.start(run.path, "100000", "100000"));
    REQUIRE(wait_for_lines(run.path + "/metrics.csv", 12));  // step 9 validates
    killed.send(SIGKILL);
    REQUIRE(killed.wait().code == 128 + SIGKILL);
    note_best(run, "0.001");
    std::string const own = read_file(best);
    auto const one_step = run.resume() + Arguments{"--steps", "1", "--json"};
    std::string const state = read_file(run.path + "/resume.safetensors");
    CHECK(spikegpt(one_step).json()["best_valid_bpc"] == 0.001);
    CHECK(read_file(best) == own);

    // As if it were that of an older run, which --force was just replacing.
    write_file(run.path + "/resume.safetensors", state);
    fs::last_write_time(best, fs::last_write_time(best) - std::chrono::hours(1));
    CHECK(spikegpt(one_step).json()["best_valid_bpc"] > 0.001);
    CHECK(read_file(best) != own);
}

}  // namespace spikelet_test::spikegpt_best_test
