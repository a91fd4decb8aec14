// SPDX-License-Identifier: MIT
// The folder of a run: files that are there already, and others that train in it.
#include "programs/spikegpt.hpp"

#include <map>

namespace spikelet_test::spikegpt_folder_test {

namespace fs = std::filesystem;

namespace {

struct Folder {
    TemporaryFolder folder;
    std::string text = folder / "text.txt";
    std::string path = folder / "run";

    Folder() { write_file(text, sample_text()); }

    [[nodiscard]] Arguments train(std::string const& data, std::string const& steps) const {
        return Arguments{"train", "--data", data, "--out", path, "--steps", steps} + tiny;
    }
    [[nodiscard]] Arguments train(std::string const& steps) const { return train(text, steps); }
    [[nodiscard]] Arguments resume() const { return {"train", "--out", path, "--resume"}; }

    [[nodiscard]] std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> found;
        for (auto const& file : fs::directory_iterator(path)) {
            found[file.path().filename()] = read_file(file.path());
        }
        return found;
    }
};

// True if the command is refused for this reason and changes nothing.
bool refused(Folder const& folder, Arguments const& command, std::string_view reason) {
    auto const before = folder.files();
    auto const done = spikegpt(command);
    INFO(done.err);
    CHECK(done.complains(reason));
    return done.code == 1 && folder.files() == before;
}

// False where build and temporary files are the superuser's alone.
bool nobody_can_run_it() {
    AsNobody const nobody;
    auto const may = [](std::string const& path, int what) {
        return ::faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0;
    };
    return nobody.works() && may(SPIKELET_BINARY_DIR "/bin/spikegpt", X_OK) &&
           may(fs::temp_directory_path(), W_OK | X_OK);
}

}  // namespace

TEST_CASE("spikegpt train: files of others stay, unless they may be replaced") {
    for (char const* name : {"config.json", "metrics.csv", "best-valid.safetensors",
                             "model.safetensors", "resume.safetensors"}) {
        CAPTURE(name);
        Folder const folder;
        fs::create_directory(folder.path);
        write_file(folder.path + "/" + name, "mine");
        CHECK(refused(folder, folder.train("2"), name + std::string("' is there already")));
        CHECK(spikegpt(folder.train("2") + Arguments{"--force"}).code == 0);
        CHECK(folder.files().at(name) != "mine");
    }
}

TEST_CASE("spikegpt train: what a run reads is not replaced, even by force") {
    Folder const folder;
    REQUIRE(spikegpt(folder.train("2")).code == 0);
    std::string const config = folder.path + "/config.json";
    std::string const model = folder.path + "/best-valid.safetensors";
    Arguments const force{"--force"};
    std::string_view const reason = "is a file that is read";
    CHECK(refused(folder, folder.train(config, "2") + force, reason));
    CHECK(refused(folder, folder.train("2") + force + Arguments{"--valid", config}, reason));
    CHECK(refused(folder,
                  {"train", "--data", folder.text, "--out", folder.path, "--steps", "2", "--force",
                   "--init-from", model},
                  reason));
}

TEST_CASE("spikegpt train: a run is replaced only when that is wanted, and only by a new one") {
    Folder const folder;
    REQUIRE(spikegpt(folder.train("3")).code == 0);
    CHECK(refused(folder, folder.train("4"), "go on with the run by --resume"));

    // No file may have more than 51200 bytes, as if the disk were full.
    auto const before = folder.files();
    std::string const command =
        "trap '' XFSZ; ulimit -f 100; '" SPIKELET_BINARY_DIR "/bin/spikegpt' train --data '" +
        folder.text + "' --out '" + folder.path + "' --steps 4 --embd 64 --force >/dev/null 2>&1";
    REQUIRE(before.at("resume.safetensors").size() > 51200);
    CHECK(WEXITSTATUS(std::system(command.c_str())) == 1);
    CHECK(folder.files() == before);

    CHECK(spikegpt(folder.train("4") + Arguments{"--force", "--valid-fraction", "0"}).code == 0);
    CHECK(read_csv(folder.path + "/metrics.csv").size() == 5);
    CHECK_FALSE(folder.files().contains("best-valid.safetensors"));  // it was the older run's
}

TEST_CASE("spikegpt train: a folder that may not be written to is named, and nothing changes") {
    if (!nobody_can_run_it()) {
        MESSAGE("left out: only the superuser can run the program here");
        return;
    }
    Folder const folder;
    REQUIRE(spikegpt(folder.train("2")).code == 0);
    std::string const inside = folder.path + "/inside";
    std::string const empty = folder.folder / "empty";
    fs::create_directory(empty);
    fs::permissions(folder.folder / ".", fs::perms(0755));  // the superuser becomes somebody else
    fs::permissions(folder.path, fs::perms(0555));
    fs::permissions(empty, fs::perms(0555));
    auto const new_run = [&](std::string const& out) {
        return Arguments{"train", "--data", folder.text, "--out", out, "--steps", "3"} + tiny;
    };
    auto const refused_as_nobody = [&](Arguments const& command, std::string const& reason) {
        AsNobody const nobody;
        CHECK(refused(folder, command, "spikegpt: " + reason + ": Permission denied"));
    };
    std::string const beside = "file: cannot create a temporary file beside '";
    refused_as_nobody(folder.resume() + Arguments{"--steps", "3"},
                      beside + folder.path + "/config.json'");
    refused_as_nobody(folder.train("3") + Arguments{"--force"},
                      beside + folder.path + "/resume.safetensors'");
    refused_as_nobody(new_run(empty), beside + empty + "/resume.safetensors'");
    refused_as_nobody(new_run(inside), "train: cannot make the folder '" + inside + "'");
    fs::permissions(folder.path, fs::perms(0755));
    fs::permissions(empty, fs::perms(0755));
    CHECK(fs::is_empty(empty));
    CHECK(spikegpt(folder.resume() + Arguments{"--steps", "3"}).code == 0);
}

TEST_CASE("spikegpt train: one program at a time in a folder, and no lock that outlives it") {
    Folder const folder;
    Spikegpt first(folder.train("1000000"));
    REQUIRE(wait_for_lines(folder.path + "/metrics.csv", 5));
    for (Arguments const& command : {folder.train("5") + Arguments{"--force"}, folder.resume()}) {
        auto const second = spikegpt(command);
        CHECK(second.code == 1);
        CHECK(second.complains("another training is running in '" + folder.path + "'"));
    }
    first.send(SIGKILL);
    CHECK(first.wait().code == 128 + SIGKILL);
    auto const third = spikegpt(folder.resume() + Arguments{"--minutes", "0.001"});
    CHECK_MESSAGE(third.code == 0, third.err);
}

}  // namespace spikelet_test::spikegpt_folder_test
