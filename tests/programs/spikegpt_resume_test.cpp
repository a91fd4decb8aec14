// SPDX-License-Identifier: MIT
// Runs that are stopped, killed, or cut off must go on as if nothing had happened.
#include <cstdlib>

#include <spikelet/core/rng.hpp>

#include "programs/small_run.hpp"

namespace spikelet_test::spikegpt_resume_test {

namespace fs = std::filesystem;

namespace {

// All that does not tell the time.
std::vector<std::vector<std::string>> timeless(std::string const& run) {
    auto rows = read_csv(run + "/metrics.csv");
    for (auto& row : rows) { row[2] = row[8] = ""; }
    return rows;
}

void check_same(std::string const& run, std::string const& other) {
    for (char const* file : {"/model.safetensors", "/best-valid.safetensors"}) {
        CHECK_MESSAGE(read_file(run + file) == read_file(other + file), file);
    }
    CHECK(timeless(run) == timeless(other));
    // Of the states only how long it took may differ.
    auto const state = spikelet::SafetensorsFile::open(run + "/resume.safetensors");
    auto const expected = spikelet::SafetensorsFile::open(other + "/resume.safetensors");
    REQUIRE(state.tensors().size() == expected.tensors().size());
    for (auto const& tensor : expected.tensors()) {
        CAPTURE(tensor.name);
        auto const* const same = state.find(tensor.name);
        REQUIRE(same != nullptr);
        CHECK(std::ranges::equal(same->bytes, tensor.bytes));
    }
}

// What a program was writing when it was killed.
bool has_half_a_file(std::string const& folder) {
    if (!fs::exists(folder)) { return false; }
    return std::ranges::any_of(fs::directory_iterator(folder), [](auto const& entry) {
        return entry.path().extension() == ".tmp";
    });
}

// Of three times once as soon as it writes a file, else anywhere in the first steps.
void kill_at_some_moment(Spikegpt const& program, std::string const& folder, spikelet::Rng& moments,
                         int start) {
    using namespace std::chrono;
    auto const lines = read_file(folder + "/metrics.csv");
    auto const until = [&](auto const& happens) {
        while (program.running() && !happens()) {}
    };
    if (start % 3 > 0) {  // it has begun, and made a step or two
        until([&] { return read_file(folder + "/metrics.csv").size() > lines.size(); });
    }
    if (start % 3 == 1) {
        until([&] { return has_half_a_file(folder); });
    } else {
        std::this_thread::sleep_for(microseconds(moments.below(20'000)));
    }
    program.send(SIGKILL);
}

}  // namespace

TEST_CASE("spikegpt train: killed at any moment, again and again, a run goes on to the same bits") {
    SmallRun const run;
    // The state of the second has words of events in it.
    Arguments const in_order{"--carry-state", "--variant", "event_driven"};
    char const* const asked = std::getenv("SPIKELET_KILL_SEED");
    auto const seed = asked != nullptr ? std::strtoull(asked, nullptr, 10) : 1;
    CAPTURE(seed);
    spikelet::Rng moments(seed);
    for (Arguments const& how : {Arguments{}, in_order}) {
        std::string const alone = run.folder / "alone";
        fs::remove_all(alone);
        fs::remove_all(run.path);
        REQUIRE(spikegpt(run.start(alone, "60") + how).code == 0);
        int in_a_write = 0, starts = 0;
        for (bool killed = true; killed; ++starts) {
            bool const begun = fs::exists(run.path + "/resume.safetensors");
            Spikegpt program(begun ? run.resume() : run.start(run.path, "60", "1") + how);
            if (starts < 24) { kill_at_some_moment(program, run.path, moments, starts); }
            auto const outcome = program.wait();
            killed = outcome.code == 128 + SIGKILL;
            if (!killed) { REQUIRE_MESSAGE(outcome.code == 0, outcome.err); }
            in_a_write += has_half_a_file(run.path) ? 1 : 0;
        }
        MESSAGE(starts, " starts, ", in_a_write, " of them killed while a file was written");
        CHECK(starts > 3);
        check_same(run.path, alone);
    }
}

TEST_CASE("spikegpt train: Ctrl-C saves, says how to go on, and loses nothing") {
    SmallRun const run;
    std::string const alone = run.folder / "alone";
    REQUIRE(spikegpt(run.start(alone, "300")).code == 0);

    int lines = 20;
    for (int const signal : {SIGINT, SIGTERM, SIGHUP}) {
        Arguments const how = signal == SIGINT ? run.start(run.path, "300") : run.resume();
        Spikegpt program(how + Arguments{"--json"});
        REQUIRE(wait_for_lines(run.path + "/metrics.csv", lines));
        lines += 30;
        program.send(signal);
        auto const stopped = program.wait();
        CHECK(stopped.code == 128 + signal);
        CHECK(stopped.complains("stopped and saved"));
        CHECK(stopped.json()["stopped"] == true);
    }
    REQUIRE(spikegpt(run.resume()).code == 0);
    check_same(run.path, alone);
}

TEST_CASE("spikegpt train: one request to stop may come twice, as timeout(1) sends it") {
    SmallRun const run;
    Spikegpt program(run.start(run.path, "100000"));
    REQUIRE(wait_for_lines(run.path + "/metrics.csv", 5));
    program.send(SIGTERM);
    program.send(SIGTERM);
    CHECK(program.wait().code == 128 + SIGTERM);
    CHECK(spikegpt(run.resume() + Arguments{"--minutes", "0.001"}).code == 0);
}

TEST_CASE("spikegpt train: a validation lets whoever asks to stop go, and is made up for") {
    SmallRun const run;
    std::string const long_text = run.folder / "long.txt";
    write_file(long_text, sample_text(12'000));
    auto const start = [&](std::string const& out) {
        return Arguments{"train", "--data",  run.text,  "--out",        out, "--steps",
                         "3",     "--valid", long_text, "--eval-every", "1", "--eval-tokens",
                         "0"} +
               tiny;
    };
    std::string const alone = run.folder / "alone";
    REQUIRE(spikegpt(start(alone)).code == 0);

    Spikegpt program(start(run.path));
    REQUIRE(wait_for_lines(run.path + "/metrics.csv", 2));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // step 2 has begun
    program.send(SIGINT);
    CHECK(program.wait().code == 128 + SIGINT);
    auto const rows = read_csv(run.path + "/metrics.csv");
    REQUIRE(rows.size() == 3);
    REQUIRE(rows[0][5] == "valid_bpc");
    CHECK(rows[1][5] != "");
    CHECK(rows[2][5] == "");
    std::string const without_metrics = run.folder / "without";
    fs::copy(run.path, without_metrics);
    fs::remove(without_metrics + "/metrics.csv");
    CHECK(spikegpt({"train", "--out", without_metrics, "--resume"}).code == 0);
    REQUIRE(spikegpt(run.resume()).code == 0);
    check_same(run.path, alone);
}

TEST_CASE("spikegpt train: what whoever starts it ignores, it ignores, as under nohup") {
    for (int const ignored : {SIGHUP, SIGTERM}) {
        SmallRun const run;
        Spikegpt program(run.start(run.path, "100000"), "", "", "/dev/null", ignored);
        REQUIRE(wait_for_lines(run.path + "/metrics.csv", 5));
        program.send(ignored);
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        program.send(SIGINT);
        CHECK(program.wait().code == 128 + SIGINT);
    }
}

TEST_CASE("spikegpt train: what it says about going on can be pasted into a shell") {
    SmallRun const run;
    std::string const out = run.folder / "my run's";
    Spikegpt program(run.start(out, "100000"));
    REQUIRE(wait_for_lines(out + "/metrics.csv", 5));
    program.send(SIGINT);
    CHECK(program.wait().says("--out '" + (run.folder / "my run") + "'\\''s' --resume\n"));
}

TEST_CASE("spikegpt train: a run goes on from any folder") {
    SmallRun const run;
    std::string const there = "cd '" + (run.folder / "") +
                              "' && '" SPIKELET_BINARY_DIR
                              "/bin/spikegpt' train --data text.txt --out run --steps 3 --ctx 16"
                              " --layers 1 --embd 16 >out 2>err";
    REQUIRE(std::system(there.c_str()) == 0);
    auto const done = spikegpt(run.resume() + Arguments{"--steps", "4"});
    CHECK_MESSAGE(done.code == 0, done.err);
    fs::rename(run.text, run.folder / "moved");
    CHECK(spikegpt(run.resume()).complains("--data and --valid say where the text of the run is"));
    CHECK(spikegpt(run.resume() + Arguments{"--data", run.folder / "moved"}).code == 0);
}

TEST_CASE("spikegpt train: a run that is over can be made longer") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "10")).code == 0);
    std::string const model = read_file(run.path + "/model.safetensors");
    auto const over = spikegpt(run.resume());
    CHECK(over.code == 0);
    CHECK(over.out.find("goes on after step 10, which was the last") != std::string::npos);
    CHECK(read_file(run.path + "/model.safetensors") == model);
    CHECK(spikegpt(run.resume() + Arguments{"--steps", "15"}).code == 0);
    CHECK(read_csv(run.path + "/metrics.csv").size() == 16);
    auto const config = nlohmann::json::parse(read_file(run.path + "/config.json"));
    CHECK(config["options"]["steps"] == 15);
    CHECK(spikegpt(run.resume() + Arguments{"--steps", "15"}).code == 0);
}

TEST_CASE("spikegpt train: a longer run has the schedule that it would have had from the start") {
    TemporaryFolder folder;
    write_file(folder / "text", sample_text());
    auto const train = [&](std::string const& out, Arguments const& more) {
        std::string const run = folder / out;
        auto const done = spikegpt(Arguments{"train", "--out", run, "--data", folder / "text",
                                             "--threads", "1", "--eval-every", "1000"} +
                                   more);
        REQUIRE_MESSAGE(done.code == 0, done.err);
        return run;
    };
    Arguments const small{"--layers", "1", "--embd", "8", "--ctx", "4", "--batch", "1"};
    std::string const longer = train("longer", small + Arguments{"--steps", "20"});
    train("longer", {"--resume", "--steps", "200"});
    std::string const planned = train("planned", small + Arguments{"--steps", "200"});
    auto const rows = read_csv(longer + "/metrics.csv");
    auto const expected = read_csv(planned + "/metrics.csv");
    REQUIRE(rows.size() == 201);
    REQUIRE(rows[0][6] == "lr");
    CHECK(rows[2][6] != expected[2][6]);
    for (std::size_t step = 21; step <= 200; ++step) { CHECK(rows[step][6] == expected[step][6]); }
    auto const config = nlohmann::json::parse(read_file(longer + "/config.json"));
    CHECK(config["options"]["warmup"] == 20);
    CHECK(spikegpt({"train", "--out", longer, "--resume", "--warmup", "3"})
              .complains("--warmup is 3, the run was started with the default"));

    // A warmup that was asked for stays.
    std::string const asked = train("asked", small + Arguments{"--steps", "2", "--warmup", "7"});
    train("asked", {"--resume", "--steps", "10"});
    CHECK(nlohmann::json::parse(read_file(asked + "/config.json"))["options"]["warmup"] == 7);
}

TEST_CASE("spikegpt train: a resumed run is the same run, or says what is not") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "10")).code == 0);
    std::string const before = read_file(run.path + "/resume.safetensors");
    struct Wrong {
        Arguments given;
        char const* message;
    };
    write_file(run.folder / "other.txt", sample_text(151));
    std::vector<Wrong> const wrongs{
        {{"--embd", "32"}, "--embd is 32, the run was started with 16"},
        {{"--size", "nano"}, "--embd is 64, the run was started with 16"},
        {{"--seed", "1"}, "--seed is 1, the run was started with 42"},
        {{"--lr", "0.02"}, "--lr is 0.02, the run was started with 0.01"},
        {{"--variant", "spikegpt_b"}, "--variant is \"spikegpt_b\""},
        {{"--steps", "9"}, "--steps 9 is not beyond the 10 steps that the run has made"},
        {{"--data", run.folder / "other.txt"}, "other.txt', the text is not that of the run"},
        {{"--valid-fraction", "0.2"}, "the text is not that of the run"},
        {{"--data", run.folder / "none.txt"}, "No such file"}};
    for (Wrong const& wrong : wrongs) {
        auto const refused = spikegpt(run.resume() + wrong.given);
        CHECK(refused.code == 1);
        CHECK_MESSAGE(refused.complains(wrong.message), refused.err);
    }
    // The same once more, and what may change.
    auto const fine = spikegpt(run.resume() + Arguments{"--embd", "16", "--data", run.text,
                                                        "--threads", "2", "--steps", "12"});
    CHECK_MESSAGE(fine.code == 0, fine.err);
}

TEST_CASE("spikegpt train: a run that was killed in its last save gets its model all the same") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "5")).code == 0);
    std::string const model = read_file(run.path + "/model.safetensors");
    fs::remove(run.path + "/model.safetensors");
    CHECK(spikegpt(run.resume()).code == 0);
    CHECK(read_file(run.path + "/model.safetensors") == model);
}

}  // namespace spikelet_test::spikegpt_resume_test
