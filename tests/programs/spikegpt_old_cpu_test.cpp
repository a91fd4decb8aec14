// SPDX-License-Identifier: MIT
// The program on processors that this machine does not have, by qemu's emulation of them.
#include <sstream>

#include "programs/golden_models.hpp"
#include "programs/shell.hpp"

namespace spikelet_test::spikegpt_old_cpu_test {

namespace {

struct OldProcessor {
    char const* name;  // as qemu calls it
    char const* set;   // the newest that it has
};

constexpr OldProcessor nehalem{"Nehalem", "sse2"};
constexpr OldProcessor haswell{"Haswell", "avx2"};

bool can_emulate() {
#if defined(SPIKELET_SANITIZED)
    MESSAGE("skipped: emulation has no room for what sanitizers take");
    return false;
#elif !defined(__x86_64__)
    MESSAGE("skipped: the old processors are of another kind");
    return false;
#else
    bool const installed = run_in_shell("qemu-x86_64 --version").code == 0;
    if (!installed) { MESSAGE("skipped: no qemu-x86_64; it is in Debian's qemu-user"); }
    return installed;
#endif
}

ShellOutcome on(OldProcessor const& processor, Arguments const& arguments) {
    std::string command = std::string("qemu-x86_64 -cpu ") + processor.name + " ";
    command += SPIKELET_BINARY_DIR "/bin/spikegpt";
    for (auto const& argument : arguments) { command += " '" + argument + "'"; }
    return run_in_shell(command);
}

// What the program says last; emulators and progress say something before.
nlohmann::json json_of(ShellOutcome const& done) {
    REQUIRE_MESSAGE(done.code == 0, done.output);
    std::istringstream lines(done.output);
    std::string last;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('{')) { last = line; }
    }
    return nlohmann::json::parse(last);
}

}  // namespace

TEST_CASE("spikegpt on old processors: writes the golden models' texts") {
    if (!can_emulate()) { return; }
    TemporaryFolder folder;
    for (auto const& golden : golden_models(folder)) {
        for (auto const& processor : {nehalem, haswell}) {
            CAPTURE(golden.name);
            CAPTURE(processor.name);
            auto const told =
                json_of(on(processor, {"generate", "--model", golden.file, "--prompt",
                                       golden.prompt, "--tokens", "24", "--greedy", "--json"}));
            CHECK(told["text"] == golden.text);
            CHECK(told["cpu"] == processor.set);
        }
    }
}

TEST_CASE("spikegpt on old processors: trains and measures as with their instructions here") {
    if (!can_emulate()) { return; }
    TemporaryFolder folder;
    Arguments const few =
        Arguments{"train", "--data", trained_on_bytes().text, "--steps", "5", "--json"} + tiny;
    auto const here = spikegpt(few + Arguments{"--out", folder / "here", "--cpu", nehalem.set});
    REQUIRE_MESSAGE(here.code == 0, here.err);
    auto const there = json_of(on(nehalem, few + Arguments{"--out", folder / "there"}));
    CHECK(there["cpu"] == nehalem.set);
    CHECK(there["loss"].get<double>() == doctest::Approx(here.json()["loss"].get<double>()));
    CHECK(there["best_valid_bpc"].get<double>() ==
          doctest::Approx(here.json()["best_valid_bpc"].get<double>()));

    auto const measured =
        json_of(on(nehalem, {"eval", "--model", folder / "there/model.safetensors", "--data",
                             trained_on_bytes().text, "--mode", "stream", "--json"}));
    CHECK(measured["bpc"].get<double>() > 0);
}

TEST_CASE("spikegpt on old processors: instructions that they do not have are refused") {
    if (!can_emulate()) { return; }
    auto const refused = on(nehalem, {"generate", "--model", "x", "--cpu", "avx2"});
    CHECK(refused.code == 1);
    CHECK(refused.says("--cpu: this processor lacks some of 'avx2', it has sse2"));
}

}  // namespace spikelet_test::spikegpt_old_cpu_test
