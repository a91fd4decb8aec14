// SPDX-License-Identifier: MIT
#include "programs/spikegpt.hpp"

#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/checkpoint_file.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

namespace spikelet_test::spikegpt_convert_test {

namespace {

/// A file as official ones are: tensors, and nothing that says what they are.
std::string official_file(TemporaryFolder const& folder, std::string const& model) {
    auto const file = spikelet::CheckpointFile::open(model);
    write_torch(folder / "official.pth", file.tensors());
    return folder / "official.pth";
}

/// A model of a GiB of zeros, of which the disk keeps none.
std::string large_file(TemporaryFolder const& folder) {
    using namespace spikelet;
    SpikeGpt<> const model(make_config(find_variant("spikegpt"), 1 << 17, 1, 1024));
    nlohmann::ordered_json header;
    header["__metadata__"] = metadata(model.config);
    std::int64_t end = 0;
    each_file_parameter(model, [&](FileParameter const& known, auto const& parameter) {
        std::int64_t const next = end + 4 * parameter.size();
        header[known.name] = {
            {"dtype", "F32"}, {"shape", known.shape}, {"data_offsets", {end, next}}};
        end = next;
    });
    std::string text = header.dump();
    std::uint64_t const length = text.size();
    std::string const path = folder / "large.safetensors";
    write_file(path, std::string(reinterpret_cast<char const*>(&length), sizeof length) + text);
    std::filesystem::resize_file(path, sizeof length + length + static_cast<std::size_t>(end));
    return path;
}

std::string golden_model() {
    return SPIKELET_SOURCE_DIR "/tests/golden/spikegpt_L2C20/weights.safetensors";
}

}  // namespace

TEST_CASE("spikegpt convert: a model comes back from .pth bit for bit, and writes the same") {
    TemporaryFolder folder;
    std::string const model = trained_on_characters().model;
    std::string const pth = folder / "model.pth";
    std::string const back = folder / "back.safetensors";
    CHECK(spikegpt({"convert", "--in", model, "--out", pth}).code == 0);
    CHECK(spikegpt({"convert", "--in", pth, "--out", back}).code == 0);
    CHECK(read_file(back) == read_file(model));
    CHECK(spikegpt({"convert", "--in", back, "--out", folder / "again.pth"}).code == 0);
    CHECK(read_file(folder / "again.pth") == read_file(pth));

    Arguments const write{"generate", "--greedy", "--tokens", "40", "--model"};
    auto const text = spikegpt(write + Arguments{model});
    CHECK(text.code == 0);
    CHECK(spikegpt(write + Arguments{pth}).out == text.out);
    Arguments const measure{"eval", "--data", trained_on_characters().text, "--model"};
    CHECK(spikegpt(measure + Arguments{pth}).out == spikegpt(measure + Arguments{model}).out);
}

TEST_CASE("spikegpt convert: models in few bits keep them") {
    TemporaryFolder folder;
    std::string const small = folder / "small.safetensors";
    CHECK(spikegpt({"quantize", "--model", trained_on_bytes().model, "--out", small, "--weights",
                    "int4", "--group", "64"})
              .code == 0);
    CHECK(spikegpt({"convert", "--in", small, "--out", folder / "small.pth"}).code == 0);
    CHECK(spikegpt({"convert", "--in", folder / "small.pth", "--out", folder / "b.safetensors"})
              .code == 0);
    CHECK(read_file(folder / "b.safetensors") == read_file(small));
    CHECK(spikegpt({"info", "--model", folder / "small.pth"}).says("matrices     int4"));
}

TEST_CASE("spikegpt convert: an official file needs to be told its variant, once") {
    TemporaryFolder folder;
    std::string const official = official_file(folder, golden_model());
    std::string const out = folder / "model.safetensors";
    auto const untold = spikegpt({"convert", "--in", official, "--out", out});
    CHECK(untold.code == 1);
    CHECK(untold.complains("does not say which variant it is; --variant does, one of"));
    CHECK_FALSE(std::filesystem::exists(out));

    auto const told = spikegpt({"convert", "--in", official, "--out", out, "--variant", "spikegpt",
                                "--binary-embedding", "off", "--json"});
    REQUIRE_MESSAGE(told.code == 0, told.err);
    CHECK(told.json()["variant"] == "spikegpt");
    auto const info = spikegpt({"info", "--model", out});
    CHECK(info.says("vocabulary   23"));
    CHECK(info.says("embedding    numbers"));
    CHECK(info.out == spikegpt({"info", "--model", official, "--variant", "spikegpt",
                                "--binary-embedding", "off"})
                          .out);

    auto const twice = spikegpt({"info", "--model", out, "--variant", "spikegpt"});
    CHECK(twice.code == 1);
    CHECK(twice.complains("it says itself what it is"));
    auto const wrong = spikegpt(
        {"convert", "--in", official, "--out", folder / "x.pth", "--variant", "event_driven"});
    CHECK(wrong.code == 1);
    CHECK(wrong.complains("is missing"));
}

TEST_CASE("spikegpt convert: official files are quantized, trained on, and not made to speak") {
    TemporaryFolder folder;
    std::string const unknown = official_file(folder, golden_model());
    Arguments const as{"--variant", "spikegpt"};
    CHECK(spikegpt(Arguments{"quantize", "--model", unknown, "--out", folder / "q.safetensors",
                             "--weights", "int8"} +
                   as)
              .code == 0);
    CHECK(spikegpt({"info", "--model", folder / "q.safetensors"}).says("matrices     int8"));
    for (char const* command : {"generate", "eval"}) {
        auto const silent = spikegpt(
            Arguments{command, "--model", unknown} + as +
            (std::string_view(command) == "eval" ? Arguments{"--data", unknown} : Arguments{}));
        CHECK(silent.code == 1);
        CHECK(silent.complains("nothing says what the 23 ids stand for"));
    }

    Trained const& trained = trained_on_bytes();
    std::string const bytes = official_file(folder, trained.model);
    Arguments const write{"generate", "--greedy", "--tokens", "20", "--model"};
    CHECK(spikegpt(write + Arguments{bytes} + as).out ==
          spikegpt(write + Arguments{trained.model}).out);
    auto const more =
        spikegpt(Arguments{"train", "--data", trained.text, "--out", folder / "run", "--steps", "1",
                           "--ctx", "16", "--batch", "2", "--init-from", bytes} +
                 as);
    CHECK_MESSAGE(more.code == 0, more.err);
}

TEST_CASE("spikegpt convert: Ctrl-C leaves nothing behind") {
    TemporaryFolder folder;
    Spikegpt program({"convert", "--in", large_file(folder), "--out", folder / "large.pth"});
    for (int i = 0; i < 60000 && folder.count() < 2; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    program.send(SIGINT);
    auto const stopped = program.wait();
    CHECK(stopped.code == 128 + SIGINT);
    CHECK(stopped.says("stopped; nothing is written"));
    CHECK(folder.count() == 1);
}

TEST_CASE("spikegpt convert: nothing but another model is replaced") {
    TemporaryFolder folder;
    std::string const model = trained_on_bytes().model;
    CHECK(spikegpt({"convert", "--in", model, "--out", model}).complains("is a file that is read"));
    CHECK(spikegpt({"convert", "--in", model, "--out", folder / "a.txt"})
              .complains("ends with .safetensors, or .pth"));
    write_file(folder / "note.pth", "a text");
    CHECK(spikegpt({"convert", "--in", model, "--out", folder / "note.pth"})
              .complains("is there already and is no model"));
    CHECK(read_file(folder / "note.pth") == "a text");
    write_file(folder / "cut.pth", read_file(official_file(folder, model)).substr(0, 5000));
    auto const cut = spikegpt({"info", "--model", folder / "cut.pth", "--variant", "spikegpt"});
    CHECK(cut.code == 1);
    CHECK(cut.complains("cut.pth': cut short or damaged"));
    auto const onto = spikegpt({"convert", "--in", model, "--out", folder / "cut.pth"});
    CHECK(onto.complains("is no model; give another name ("));
    CHECK(onto.complains("cut.pth': cut short or damaged"));
    auto const endless =
        spikegpt({"convert", "--in", model, "--out", folder / (std::string(300, 'a') + ".pth")});
    CHECK(endless.code == 1);
    CHECK(endless.complains("spikegpt: --out: '"));
    CHECK(endless.complains("too long"));
}

}  // namespace spikelet_test::spikegpt_convert_test
