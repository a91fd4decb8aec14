// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <optional>

#include <sched.h>

#include "programs/golden_models.hpp"
#include "programs/small_run.hpp"

namespace spikelet_test::spikegpt_cpu_test {

namespace {

// The instruction sets of this processor, the oldest first.
std::vector<std::string> sets_here() {
    auto const told = spikegpt({"info", "--cpu", "--json"});
    REQUIRE_MESSAGE(told.code == 0, told.err);
    return told.json()["instruction_sets"];
}

/// Sets a variable of the environment as long as it lives.
class Variable {
public:
    Variable(char const* name, char const* value) : name_(name) {
        if (char const* const old = std::getenv(name)) { old_ = old; }
        ::setenv(name, value, 1);
    }
    Variable(Variable const&) = delete;
    Variable& operator=(Variable const&) = delete;
    ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

private:
    char const* name_;
    std::optional<std::string> old_;
};

nlohmann::json trained(TemporaryFolder const& folder, std::string const& set,
                       Arguments const& more) {
    auto const done = spikegpt(Arguments{"train", "--out", folder / set, "--json"} + more);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(done.complains("1 thread, " + set));
    CHECK(done.json()["cpu"] == set);
    return done.json();
}

}  // namespace

TEST_CASE("spikegpt: all instruction sets go on with the golden models' texts") {
    TemporaryFolder folder;
    for (auto const& golden : golden_models(folder)) {
        for (auto const& set : sets_here()) {
            CAPTURE(golden.name);
            CAPTURE(set);
            auto const done =
                spikegpt({"generate", "--model", golden.file, "--prompt", golden.prompt, "--tokens",
                          "24", "--greedy", "--cpu", set, "--json"});
            REQUIRE_MESSAGE(done.code == 0, done.err);
            CHECK(done.json()["text"] == golden.text);
            CHECK(done.json()["cpu"] == set);
        }
    }
}

TEST_CASE("spikegpt: all instruction sets read long prompts and measure alike") {
    TemporaryFolder folder;
    auto const golden = golden_models(folder).front();
    std::string prompt;
    for (int i = 0; i < 40; ++i) { prompt += golden.text; }
    write_file(folder / "text", prompt);
    std::string text;
    double nats = 0;
    for (auto const& set : sets_here()) {
        CAPTURE(set);
        auto const written = spikegpt({"generate", "--model", golden.file, "--prompt", prompt,
                                       "--tokens", "24", "--greedy", "--cpu", set, "--json"});
        REQUIRE_MESSAGE(written.code == 0, written.err);
        auto const measured = spikegpt({"eval", "--model", golden.file, "--data", folder / "text",
                                        "--ctx", "100", "--cpu", set, "--json"});
        REQUIRE_MESSAGE(measured.code == 0, measured.err);
        CHECK(measured.json()["cpu"] == set);
        if (text.empty()) {
            text = written.json()["text"];
            nats = measured.json()["nats"];
        }
        CHECK(written.json()["text"] == text);
        CHECK(measured.json()["nats"].get<double>() == doctest::Approx(nats).epsilon(1e-4));
    }
}

TEST_CASE("spikegpt: all instruction sets train, and a run goes on with the one it was given") {
    TemporaryFolder folder;
    double loss = 0;
    for (auto const& set : sets_here()) {
        CAPTURE(set);
        trained(folder, set,
                Arguments{"--data", trained_on_bytes().text, "--cpu", set, "--steps", "3"} + tiny);
        auto const more = trained(folder, set, {"--resume", "--steps", "5"});
        if (loss == 0) { loss = more["loss"]; }
        CHECK(more["loss"].get<double>() == doctest::Approx(loss).epsilon(0.02));
    }
}

TEST_CASE("spikegpt: a run goes on with what it was begun with, or says that it cannot") {
    SmallRun const run;
    std::string const begun_with = sets_here().front();
    {
        Variable const oldest("SPIKEGPT_CPU", begun_with.c_str());
        REQUIRE(spikegpt(run.start(run.path, "3")).code == 0);
    }
    CHECK(spikegpt(run.resume() + Arguments{"--steps", "4"}).says(", " + begun_with));
    patch_state(run.path + "/resume.safetensors", "options", R"({"cpu": "z80"})");
    auto const refused = spikegpt(run.resume() + Arguments{"--steps", "5"});
    CHECK(refused.code == 1);
    CHECK(
        refused.complains("resume: the run was computed by 'z80', of which this processor lacks"));
    CHECK(spikegpt(run.resume() + Arguments{"--steps", "5", "--cpu", begun_with}).code == 0);
}

TEST_CASE("spikegpt: the newest instruction set is used, or the one that is asked for") {
    auto const sets = sets_here();
    Variable const none("SPIKEGPT_CPU", "");
    CHECK(spikegpt({"info", "--cpu", "--json"}).json()["cpu"] == sets.back());
    {
        Variable const oldest("SPIKEGPT_CPU", sets.front().c_str());
        CHECK(spikegpt({"info", "--cpu", "--json"}).json()["cpu"] == sets.front());
    }
    Variable const wrong("SPIKEGPT_CPU", "z80");
    auto const refused = spikegpt({"info", "--cpu"});
    CHECK(refused.code == 1);
    CHECK(refused.complains("SPIKEGPT_CPU: 'z80' is not one of " + sets.front()));
}

TEST_CASE("spikegpt: as many threads as there are processors that it may use") {
    auto const threads = [] { return spikegpt({"info", "--cpu", "--json"}).json()["threads"]; };
    ::unsetenv("OMP_NUM_THREADS");
    cpu_set_t before;
    REQUIRE(::sched_getaffinity(0, sizeof(before), &before) == 0);
    CHECK(threads() == CPU_COUNT(&before));
    std::size_t first = 0;
    while (!CPU_ISSET(first, &before)) { ++first; }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    REQUIRE(::sched_setaffinity(0, sizeof(one), &one) == 0);
    CHECK(threads() == 1);
    {
        Variable const asked("OMP_NUM_THREADS", "3");
        CHECK(threads() == 3);
        CHECK(spikegpt({"info", "--cpu"}).says("threads      3, OMP_NUM_THREADS"));
    }
    REQUIRE(::sched_setaffinity(0, sizeof(before), &before) == 0);
}

}  // namespace spikelet_test::spikegpt_cpu_test
