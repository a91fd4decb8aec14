// SPDX-License-Identifier: MIT
// States that are damaged, or that no run wrote, are refused; the last good one stays.
#include <algorithm>
#include <filesystem>
#include <map>
#include <span>
#include <vector>

#include "programs/small_run.hpp"

namespace spikelet_test::spikegpt_state_test {

namespace fs = std::filesystem;

TEST_CASE("spikegpt train: a damaged state is refused and left alone") {
    SmallRun const run;
    CHECK(spikegpt(run.resume()).complains("there is no run to go on with"));
    REQUIRE(spikegpt(run.start(run.path, "10")).code == 0);
    std::string const state = run.path + "/resume.safetensors";
    std::string const whole = read_file(state);
    for (std::size_t const length :
         {std::size_t{0}, std::size_t{7}, std::size_t{1000}, whole.size() / 2, whole.size() - 1}) {
        write_file(state, std::string_view(whole).substr(0, length));
        auto const refused = spikegpt(run.resume());
        CHECK(refused.code == 1);
        CHECK_MESSAGE(refused.complains("resume.safetensors"), refused.err);
        CHECK(read_file(state) == whole.substr(0, length));
    }
    std::string const model = read_file(run.path + "/model.safetensors");
    write_file(state, model);
    CHECK(spikegpt(run.resume()).complains("it is no state to resume from"));
    CHECK(read_file(state) == model);
    write_file(state, whole);
    CHECK(spikegpt(run.resume()).code == 0);
}

TEST_CASE("spikegpt train: a state with numbers of another type or of another version is refused") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "10")).code == 0);
    std::string const state = run.path + "/resume.safetensors";
    std::string const whole = read_file(state);
    auto const file = spikelet::SafetensorsFile::open(state);
    auto const check_refused = [&](std::string_view reason) {
        auto const refused = spikegpt(run.resume());
        CHECK(refused.code == 1);
        CHECK_MESSAGE(refused.complains(reason), refused.err);
    };
    std::string damaged = whole;
    damaged.replace(damaged.find("F32"), 3, "I32");
    write_file(run.folder / "damaged", damaged);  // `file` still maps the one that is replaced
    fs::rename(run.folder / "damaged", state);
    check_refused("the checksum does not agree");

    // What somebody wrote so counts as whole, and is not taken for something else all the same.
    std::vector<spikelet::StoredTensor> tensors(file.tensors().begin(), file.tensors().end());
    tensors[0].dtype = spikelet::Dtype::I32;
    spikelet::write_safetensors(state, tensors, file.metadata());
    check_refused("tensor '" + tensors[0].name + "' is I32 ");
    auto metadata = file.metadata();
    metadata["version"] = "1";
    spikelet::write_safetensors(state, file.tensors(), metadata);
    check_refused("the state has version '1', this program reads version 3");
}

TEST_CASE(
    "spikegpt train: a state whose options or place no run has is refused, whoever wrote it") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "5")).code == 0);
    std::string const state = run.path + "/resume.safetensors";
    std::string const whole = read_file(state);
    auto const check_refused = [&](std::string const& key, std::string const& change,
                                   std::string const& reason) {
        write_file(state, whole);
        patch_state(state, key, change);
        auto const refused = spikegpt(run.resume());
        CHECK(refused.code == 1);
        CHECK_MESSAGE(refused.complains("resume.safetensors': " + reason), refused.err);
    };
    check_refused("options", R"({"log-every": 0})", "'log-every': '0' is not a whole number");
    check_refused("options", R"({"save-every": 0})", "'save-every': '0' is not a whole number");
    check_refused("options", R"({"batch": -1})", "'batch': '-1' is not a whole number from 1 to");
    check_refused("options", R"({"batch": 1e300})", "'batch': it is of the wrong type, number");
    check_refused("options", R"({"data": [1]})", "'data': it is of the wrong type, array");
    check_refused("options", R"({"schedule": "x"})", "'schedule': 'x' is not one of");
    check_refused("options", "[]", "'options': expected a JSON object");
    check_refused("position", R"({"step": -7})", "position: 'step' is no number that a run has");
    check_refused("position", R"({"step": 1e300})", "position: 'step' is no number");
    check_refused("position", R"({"step": 9223372036854775807})", "position: 'step' is no number");
    check_refused("position", R"({"step": 1000000000001})", "position: 'step' is no number");
    check_refused("position", R"({"batches": [1]})", "position: 'batches' should be two numbers");
    check_refused("position", R"({"seconds": null})", "position: 'seconds' is no number");
    // Of a description alone nobody gets memory, nor hears how much it would be.
    check_refused("C", "65536", "tensor 'weight.emb.weight' is F32 [");
}

TEST_CASE("spikegpt train: in mid-text the state must be what the model and the batch carry") {
    SmallRun const run;
    Arguments const in_order{"--carry-state", "--variant", "event_driven"};
    REQUIRE(spikegpt(run.start(run.path, "5") + in_order).code == 0);
    std::string const path = run.path + "/resume.safetensors";
    auto const file = spikelet::SafetensorsFile::open(path);
    auto const* const state = file.find("state");
    REQUIRE(state != nullptr);
    spikelet::index const carried = state->shape.at(0);
    std::vector<float> const zeros(static_cast<std::size_t>(carried) + 1);
    auto const resumed_with = [&](spikelet::index n, char const* place) {
        std::vector<spikelet::StoredTensor> tensors;
        for (auto const& tensor : file.tensors()) {
            if (tensor.name != "state") { tensors.push_back(tensor); }
        }
        if (n > 0) {
            std::span const numbers = std::span(zeros).first(static_cast<std::size_t>(n));
            tensors.push_back(spikelet::stored_tensor("state", {n}, numbers));
        }
        spikelet::write_safetensors(path, tensors, file.metadata());
        patch_state(path, "position", place);
        return spikegpt(run.resume());
    };
    for (spikelet::index const n : {spikelet::index{0}, carried - 1, carried + 1}) {
        auto const refused = resumed_with(n, "{}");
        CHECK(refused.code == 1);
        CHECK_MESSAGE(refused.complains("resume.safetensors': the state that rows go on from has " +
                                        std::to_string(n) + " number"),
                      refused.err);
        CHECK(refused.complains("batch " + std::to_string(carried) + " were expected"));
    }
    CHECK(resumed_with(carried, "{}").code == 0);
    // Before the first step all rows are at rest.
    auto const from_rest = resumed_with(0, R"({"step": 0, "tokens": 0})");
    CHECK_MESSAGE(from_rest.code == 0, from_rest.err);
}

TEST_CASE(
    "spikegpt train: whichever file of a step finds the disk full, the run ends, old ones stay") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "5")).code == 0);
    note_best(run, "1e9");
    std::map<std::string, std::string> before;
    for (auto const& file : fs::directory_iterator(run.path)) {
        before[file.path().filename()] = read_file(file.path());
    }
    // As a run that goes on writes them: half of each is more than all of those before.
    std::vector<std::string> files{"config.json", "best-valid.safetensors", "resume.safetensors",
                                   "model.safetensors"};
    auto const one_step = run.resume() + Arguments{"--steps", "6"};
    for (; files.size() > 1; files.erase(files.begin())) {
        std::size_t const room = before.at(files[0]).size() / 2;
        auto const full = [&] {
            FileSizeLimit const limit(room);  // which a program that is started has, too
            return spikegpt(one_step);
        }();
        CHECK(full.code == 1);
        CHECK_MESSAGE(full.complains("file: cannot write '" + run.path + "/" + files[0] +
                                     "': File too large after " + std::to_string(room) + " bytes"),
                      full.err);
        for (std::string const& file : files) {
            CHECK_MESSAGE(read_file(run.path + "/" + file) == before.at(file), file);
        }
        auto const left = std::distance(fs::directory_iterator(run.path), {});
        CHECK(left == std::ssize(before));
    }
    CHECK(spikegpt(one_step).code == 0);
    CHECK(read_csv(run.path + "/metrics.csv").size() == 7);
}

TEST_CASE(
    "spikegpt train: where metrics.csv finds the disk full, the run goes on from whole lines") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "5")).code == 0);
    std::string const metrics = run.path + "/metrics.csv";
    std::string const state = read_file(run.path + "/resume.safetensors");
    std::string const model = read_file(run.path + "/model.safetensors");
    // The largest file of the folder, so that it is the one for which there is no room.
    std::string const line = read_file(metrics).substr(read_file(metrics).rfind("\n5,"));
    std::string long_metrics = read_file(metrics);
    while (long_metrics.size() < state.size()) { long_metrics += line.substr(1); }
    write_file(metrics, long_metrics);
    auto const full = [&] {
        FileSizeLimit const limit(long_metrics.size() + line.size() / 2);
        return spikegpt(run.resume() + Arguments{"--steps", "8"});
    }();
    CHECK(full.code == 1);
    CHECK_MESSAGE(full.complains("file: cannot write '" + metrics + "': File too large"), full.err);
    CHECK(read_file(run.path + "/resume.safetensors") == state);
    CHECK(read_file(run.path + "/model.safetensors") == model);
    CHECK(read_file(metrics).starts_with(long_metrics + "6,"));  // half a line

    auto const lines = std::ranges::count(long_metrics, '\n');
    CHECK(spikegpt(run.resume() + Arguments{"--steps", "8"}).code == 0);
    auto const rows = read_csv(metrics);
    CHECK(std::ssize(rows) == lines + 3);
    for (auto const& row : rows) { CHECK(row.size() == rows[0].size()); }
}

TEST_CASE("spikegpt train: weights that a step makes infinite are not saved") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "10")).code == 0);
    std::string const state = run.path + "/resume.safetensors";
    {  // The loss of a step is that of the weights before it, which are finite.
        auto const file = spikelet::SafetensorsFile::open(state);
        std::vector<spikelet::StoredTensor> tensors(file.tensors().begin(), file.tensors().end());
        auto const mean =
            std::ranges::find(tensors, "mean.head.weight", &spikelet::StoredTensor::name);
        REQUIRE(mean != tensors.end());
        std::vector<float> const huge(static_cast<std::size_t>(mean->size()), 1e38F);
        *mean = spikelet::stored_tensor(mean->name, mean->shape, std::span(huge));
        spikelet::write_safetensors(state, tensors, file.metadata());
    }
    std::string const old = read_file(state);
    std::string const model = read_file(run.path + "/model.safetensors");
    std::string const best = read_file(run.path + "/best-valid.safetensors");
    auto const ended = spikegpt(run.resume() + Arguments{"--steps", "11"});
    CHECK(ended.code == 1);
    CHECK_MESSAGE(ended.complains("spikegpt: train: step 11: head.weight has weights that are not "
                                  "finite; not saved"),
                  ended.err);
    CHECK(read_file(state) == old);
    CHECK(read_file(run.path + "/model.safetensors") == model);
    CHECK(read_file(run.path + "/best-valid.safetensors") == best);
}

TEST_CASE("spikegpt train: a loss that is not finite leaves the checkpoint that was saved last") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "10")).code == 0);
    std::string const state = run.path + "/resume.safetensors";
    patch_state(state, "options", R"({"lr": 1e9, "variant": "vanilla_rwkv"})");
    std::string const old = read_file(state);
    std::string const model = read_file(run.path + "/model.safetensors");
    auto const ended = spikegpt(run.resume() + Arguments{"--steps", "400"});
    CHECK(ended.code == 1);
    CHECK_MESSAGE(ended.complains("the last checkpoint is that of step 10"), ended.err);
    CHECK(read_file(state) == old);
    CHECK(read_file(run.path + "/model.safetensors") == model);
}

TEST_CASE("spikegpt train: what a killed run left half-written goes away") {
    SmallRun const run;
    REQUIRE(spikegpt(run.start(run.path, "5")).code == 0);
    std::string const leftover = run.path + "/.spikelet-2147483647-0.tmp";
    std::string const of_the_living = run.path + "/.spikelet-1-0.tmp";
    write_file(leftover, "half");
    write_file(of_the_living, "half");
    write_file(run.path + "/metrics.csv", read_file(run.path + "/metrics.csv") + "6,19");
    CHECK(spikegpt(run.resume() + Arguments{"--steps", "7"}).code == 0);
    CHECK_FALSE(fs::exists(leftover));
    CHECK(fs::exists(of_the_living));
    CHECK(read_csv(run.path + "/metrics.csv").size() == 8);

    // In a container the writer that was killed had the number that the next one has.
    std::string const go_on = "cd '" + run.path +
                              "' && touch .spikelet-$$-3.tmp && exec '" SPIKELET_BINARY_DIR
                              "/bin/spikegpt' train --out . --resume --steps 8 >../out 2>../err";
    CHECK(std::system(go_on.c_str()) == 0);
    auto const left = std::ranges::count_if(fs::directory_iterator(run.path), [](auto const& f) {
        return f.path().extension() == ".tmp";
    });
    CHECK(left == 1);  // that of the living
}

}  // namespace spikelet_test::spikegpt_state_test
