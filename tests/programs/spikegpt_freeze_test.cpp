// SPDX-License-Identifier: MIT
// Layers that stay as they are.
#include <spikelet/io/safetensors.hpp>

#include "programs/spikegpt.hpp"

namespace spikelet_test::spikegpt_freeze_test {

TEST_CASE("spikegpt train: a run that goes on leaves blocks as they are, as from the start") {
    Trained const& base = trained_on_characters();
    TemporaryFolder folder;
    std::string const alone = folder / "alone";
    std::string const killed = folder / "killed";
    auto const start = [&](std::string const& out) {
        return Arguments{"train",       "--data",    base.text,  "--out", out,
                         "--init-from", base.model,  "--freeze", "1",     "--layer-lr-decay",
                         "0.5",         "--steps",   "200",      "--ctx", "16",
                         "--batch",     "2",         "--lr",     "0.01",  "--save-every",
                         "7",           "--threads", "1"};
    };
    REQUIRE(spikegpt(start(alone)).code == 0);
    Spikegpt program(start(killed));
    REQUIRE(wait_for_lines(killed + "/metrics.csv", 25));
    program.send(SIGKILL);
    REQUIRE(program.wait().code == 128 + SIGKILL);
    Arguments const resume{"train", "--out", killed, "--resume"};
    auto const other = spikegpt(resume + Arguments{"--freeze", "2"});
    CHECK(other.complains("--freeze is 2, the run was started with 1"));
    auto const done = spikegpt(resume);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    for (char const* file : {"/model.safetensors", "/best-valid.safetensors"}) {
        CHECK_MESSAGE(read_file(killed + file) == read_file(alone + file), file);
    }

    auto const before = spikelet::SafetensorsFile::open(base.model);
    auto const after = spikelet::SafetensorsFile::open(killed + "/model.safetensors");
    for (auto const& tensor : before.tensors()) {
        CAPTURE(tensor.name);
        bool const frozen = tensor.name.starts_with("emb.") || tensor.name.starts_with("blocks.0.");
        CHECK(std::ranges::equal(tensor.bytes, after.find(tensor.name)->bytes) == frozen);
    }
}

}  // namespace spikelet_test::spikegpt_freeze_test
