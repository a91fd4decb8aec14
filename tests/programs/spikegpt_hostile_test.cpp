// SPDX-License-Identifier: MIT
// Broken copies of the files that the program reads back: it goes on, or says why not.
#include "programs/spikegpt.hpp"

#include "fuzz/absurd_number.hpp"
#include "io/tokens.hpp"

namespace spikelet_test::spikegpt_hostile_test {

namespace fs = std::filesystem;

TEST_CASE("spikegpt: a broken copy of a file that it reads back is taken or explained") {
    TemporaryFolder folder;
    std::string const run = folder / "run";
    fs::copy(trained_on_characters().run, run);
    std::string const text = trained_on_characters().text;
    std::string const model = run + "/model.safetensors";
    std::string const state = folder / "state";
    std::string const labels = folder / "labels.tsv";
    std::string const classifier = folder / "classifier.safetensors";
    write_file(labels, "0\tThe neuron waits\n1\tA spike came late\n0\tThe layer\n1\tfired\n");
    Arguments const speak{"generate", "--model", model, "--tokens", "2", "--threads", "1"};
    Arguments const tell{"classify", "eval", "--model", classifier, "--data", labels};
    REQUIRE(spikegpt(speak + Arguments{"--state-out", state}).code == 0);
    auto const made = spikegpt({"classify", "train", "--init-from", model, "--data", labels,
                                "--valid", labels, "--out", classifier, "--epochs", "1"});
    REQUIRE_MESSAGE(made.code == 0, made.err);

    struct Read {
        std::string file;
        Arguments by;
    };
    Arguments const resume{"train", "--out", run, "--resume", "--data", text, "--steps", "41"};
    spikelet::Rng rng{2029};
    for (Read const& read :
         {Read{run + "/resume.safetensors", resume}, Read{run + "/metrics.csv", resume},
          Read{model, speak}, Read{state, speak + Arguments{"--state-in", state}},
          Read{labels, tell}, Read{classifier, tell}}) {
        std::string const whole = read_file(read.file);
        for (int copy = 0; copy < 24; ++copy) {
            // Headers are what is long to read and easy to get wrong.
            std::string start = whole.substr(0, 4000);
            start = copy % 2 == 0 ? mutated(start, rng) : fuzz::with_absurd_number(start, rng);
            write_file(read.file, start + whole.substr(std::min<std::size_t>(4000, whole.size())));
            auto const ended = spikegpt(read.by);
            bool const explained = ended.code == 1 && ended.complains("spikegpt: ");
            CHECK_MESSAGE((ended.code == 0 || explained), read.file, ", copy ", copy, ": ",
                          ended.code, " ", ended.err);
        }
        write_file(read.file, whole);
    }
}

}  // namespace spikelet_test::spikegpt_hostile_test
