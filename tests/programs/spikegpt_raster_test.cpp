// SPDX-License-Identifier: MIT
// Spikes that are shown while a model writes.
#include <algorithm>

#include <spikelet/io/bpe_trainer.hpp>
#include <spikelet/io/byte_bpe.hpp>
#include <spikelet/io/utf8.hpp>

#include "programs/spikegpt.hpp"
#include "programs/terminal.hpp"
#include "spikegpt/spike_recorder.hpp"

namespace spikelet_test::spikegpt_raster_test {

namespace {

constexpr char const* prompt = "The neuron";

Arguments greedy(std::string const& tokens) {
    return {"generate", "--model", trained_on_characters().model, "--prompt", prompt, "--greedy",
            "--tokens", tokens};
}

std::vector<std::string> lines_of(std::string const& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1) {
        lines.push_back(text.substr(at, end - at));
    }
    return lines;
}

std::ptrdiff_t width_of(std::string const& line) {
    std::ptrdiff_t width = 0;
    spikelet::for_each_code_point(line, [&](char32_t) { ++width; });
    return width;
}

}  // namespace

TEST_CASE("spikegpt generate --raster: the text is the same, and its spikes are those it has") {
    TemporaryFolder folder;
    auto const plain = spikegpt(greedy("30"));
    REQUIRE_MESSAGE(plain.code == 0, plain.err);
    Arguments const which{"--site", "blocks.1.lif2"};
    auto const drawn = spikegpt(greedy("30") + Arguments{"--raster"} + which);
    REQUIRE_MESSAGE(drawn.code == 0, drawn.err);
    CHECK(drawn.out == plain.out);
    auto const lines = lines_of(drawn.err);
    REQUIRE(lines.size() == 31);
    CHECK(lines[0] == "spikes of up to 64 neurons of blocks.1.lif2");

    // A second model that reads all of it must see the same.
    write_file(folder / "text", plain.out);
    auto const read = spikegpt(Arguments{"spikes", "--model", trained_on_characters().model,
                                         "--data", folder / "text", "--dots", "--length", "40"} +
                               which);
    std::string const above = "\n\nblocks.1.lif2\n";
    std::size_t const at = read.out.find(above);
    REQUIRE_MESSAGE(at != read.out.npos, read.err);
    auto const expected = lines_of(read.out.substr(at + above.size()));
    REQUIRE(expected.size() == 40);
    bool any = false;
    for (std::size_t i = 0; i < 30; ++i) {
        CHECK(lines[1 + i] == expected[std::string_view(prompt).size() - 1 + i]);
        any = any || lines[1 + i] != lines[1];
    }
    CHECK(any);
}

TEST_CASE("spikegpt generate --raster: sites are columns in the order in which they fire") {
    Arguments sampled = greedy("5");
    std::erase(sampled, "--greedy");
    auto const two = spikegpt(sampled + Arguments{"--raster", "--samples", "2", "--neurons", "8"});
    REQUIRE_MESSAGE(two.code == 0, two.err);
    auto const lines = lines_of(two.err);
    REQUIRE(lines.size() == 2 * 7);
    CHECK(lines[7] == "--- prompt 1, sample 2, seed 43");
    CHECK(lines[8] == "spikes of up to 8 neurons of blocks.0.lif1 | blocks.0.lif2 | "
                      "blocks.1.lif1 | blocks.1.lif2");
    CHECK(std::ranges::count(lines[9], '|') == 3);
    CHECK(lines[9].starts_with("   n "));
    CHECK(two.says("--- prompt 1, sample 2, seed 43\nThe neuron"));
}

TEST_CASE("spikegpt generate --raster: on a terminal lines fit, and the text stands below them") {
    auto const plain = spikegpt(greedy("20"));
    for (auto const width : {static_cast<unsigned short>(40), static_cast<unsigned short>(8)}) {
        Terminal const terminal(width);
        if (!terminal.works()) { return; }
        Spikegpt program(greedy("20") + Arguments{"--raster"}, terminal.path(), terminal.path());
        REQUIRE(program.wait().code == 0);
        std::string const seen = terminal.text();
        CAPTURE(seen);
        REQUIRE(seen.ends_with(plain.out));
        auto const lines = lines_of(seen.substr(0, seen.size() - plain.out.size()));
        REQUIRE(lines.size() == 21);
        CHECK(lines[0] == (width == 8
                               ? "spikes of up to 16 neurons of blocks.0.lif1"
                               : "spikes of up to 56 neurons of blocks.0.lif1 | blocks.0.lif2 | "
                                 "blocks.1.lif1 | blocks.1.lif2"));
        for (std::size_t i = 1; i < lines.size(); ++i) { CHECK(width_of(lines[i]) < width); }
    }
}

TEST_CASE("spikegpt generate --raster: with --json the text waits for the lines, too") {
    auto const done = spikegpt(greedy("4") + Arguments{"--raster", "--json"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    std::string const text = done.json()["text"];
    CHECK(done.err.ends_with("\n" + std::string(prompt) + text + "\n"));
    CHECK(std::ranges::count(done.out, '\n') == 1);
}

TEST_CASE("spikegpt generate --raster: a reader of both outputs who has had enough ends it") {
    TemporaryFolder folder;
    Pipe pipe;  // as in `2>&1 | head`
    Spikegpt program(greedy("1000000000") + Arguments{"--raster", "--state-out", folder / "state"},
                     pipe.path(), pipe.path());
    pipe.close();
    CHECK(program.wait().code == 1);
    auto const more = spikegpt({"generate", "--model", trained_on_characters().model, "--tokens",
                                "5", "--state-in", folder / "state"});
    CHECK_MESSAGE(more.code == 0, more.err);
}

TEST_CASE("spikegpt generate --raster: wide characters take two columns of a label") {
    std::string text;
    for (int i = 0; i < 16; ++i) { text += "神"; }
    spikelet::BpeTrainer trainer;
    trainer.add(text + text + text + text);
    while (trainer.learn()) {}
    auto const vocabulary =
        spikelet::Vocabulary::of_tokens(std::make_shared<spikelet::ByteBpe>(trainer.model()));
    auto const ids = vocabulary.encode(text);
    REQUIRE(ids.size() == 1);
    CHECK(spikegpt::label_of(vocabulary, ids[0], 32) == text);
    CHECK(spikegpt::label_of(vocabulary, ids[0], 11) == "神神神神神…");
    CHECK(spikegpt::label_of(vocabulary, ids[0], 10) == "神神神神神…");
    CHECK(spikegpt::right_aligned("神…", 5) == "  神…");
    CHECK(spikegpt::right_aligned("神…", 2) == "神…");
    CHECK(spikegpt::right_aligned("e\u0301", 3) == "  e\u0301");
}

TEST_CASE(
    "spikegpt generate --raster: without neurons, or a site that is there, nothing is written") {
    TemporaryFolder folder;
    auto const made =
        spikegpt(Arguments{"train", "--data", trained_on_bytes().text, "--out", folder / "run",
                           "--steps", "1", "--variant", "vanilla_rwkv"} +
                 tiny);
    REQUIRE_MESSAGE(made.code == 0, made.err);
    auto const silent =
        spikegpt({"generate", "--model", folder / "run/model.safetensors", "--raster"});
    CHECK(silent.code == 1);
    CHECK(silent.err == "spikegpt: --raster: this model has no neurons\n");
    CHECK(silent.out.empty());
    auto const unknown = spikegpt(greedy("5") + Arguments{"--raster", "--site", "blocks.7.lif1"});
    CHECK(unknown.code == 1);
    CHECK(unknown.complains("'blocks.7.lif1' is none of the model's: emb, blocks.0.lif1"));
    CHECK(unknown.out.empty());
    auto const alone = spikegpt(greedy("5") + Arguments{"--site", "blocks.1.lif2"});
    CHECK(alone.code == 2);
    CHECK(alone.complains("--raster"));
}

}  // namespace spikelet_test::spikegpt_raster_test
