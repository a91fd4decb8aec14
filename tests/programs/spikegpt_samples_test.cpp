// SPDX-License-Identifier: MIT
// spikegpt generate: which ids are chosen, where a text ends, and many texts in one run.
#include <algorithm>

#include "programs/spikegpt.hpp"

namespace spikelet_test::spikegpt_samples_test {

namespace {

Arguments generate(std::string const& tokens) {
    return {"generate", "--model", trained_on_bytes().model, "--tokens", tokens};
}

nlohmann::json answer(Arguments const& arguments) {
    auto const done = spikegpt(arguments + Arguments{"--json"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    return done.json();
}

/// The objects of --json-lines.
std::vector<nlohmann::json> answers(Arguments const& arguments) {
    auto const done = spikegpt(arguments + Arguments{"--json-lines"});
    REQUIRE_MESSAGE(done.code == 0, done.err);
    std::vector<nlohmann::json> list;
    for (std::size_t at = 0; at < done.out.size();) {
        std::size_t const end = done.out.find('\n', at);
        REQUIRE(end != std::string::npos);
        list.push_back(nlohmann::json::parse(done.out.substr(at, end - at)));
        at = end + 1;
    }
    return list;
}

}  // namespace

TEST_CASE("spikegpt generate: a sample is the same alone and among others") {
    Arguments const some =
        generate("40") + Arguments{"--prompt", "A spike", "--frequency-penalty", "0.3"};
    auto const three = answers(some + Arguments{"--samples", "3", "--seed", "5"});
    REQUIRE(three.size() == 3);
    CHECK(three[0]["text"] != three[1]["text"]);
    for (std::size_t i : {std::size_t{0}, std::size_t{2}}) {
        CHECK(three[i]["seed"] == 5 + i);
        auto const alone = answer(some + Arguments{"--seed", std::to_string(5 + i)});
        CHECK(alone["text"] == three[i]["text"]);
        CHECK(alone["seed"] == 5 + i);
    }
    CHECK(three[2]["prompt"] == "A spike");
    CHECK(three[2]["tokens"] == 40);
    CHECK(three[2]["stop"] == "tokens");
}

TEST_CASE("spikegpt generate: lines of a file are prompts, answered in order and each for itself") {
    TemporaryFolder folder;
    write_file(folder / "prompts", "The neuron\r\n\nA spike came");
    auto const from_file = answers(generate("20") + Arguments{"--prompts", folder / "prompts"});
    REQUIRE(from_file.size() == 3);
    char const* const prompts[] = {"The neuron", "", "A spike came"};
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(from_file[i]["prompt"] == prompts[i]);
        CHECK(from_file[i]["text"] ==
              answer(generate("20") + Arguments{"--prompt", prompts[i]})["text"]);
    }
    // For people, and from standard input.
    auto const shown =
        Spikegpt(generate("20") + Arguments{"--prompts", "-"}, "", "", folder / "prompts").wait();
    CHECK(shown.code == 0);
    CHECK(shown.out.starts_with("--- prompt 1, seed 42\nThe neuron"));
    CHECK(shown.says("\n--- prompt 3, seed 42\nA spike came"));
    write_file(folder / "prompt", "The neuron\n");
    auto const one =
        Spikegpt(generate("20") + Arguments{"--prompt", "-", "--json"}, "", "", folder / "prompt")
            .wait();
    CHECK(one.json()["prompt"] == "The neuron");
    CHECK(one.json()["text"] == from_file[0]["text"]);
}

TEST_CASE("spikegpt generate: a text ends in front of the first stop, between ids or inside") {
    std::string const whole = answer(generate("60") + Arguments{"--top-p", "0.9"})["text"];
    // Three bytes that are three ids.
    std::size_t at = 20;
    auto const ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    while (!std::ranges::all_of(whole.substr(at, 3), ascii)) { ++at; }
    std::string const stop = whole.substr(at, 3);
    REQUIRE(stop.size() == 3);
    auto const cut =
        answer(generate("60") + Arguments{"--top-p", "0.9", "--stop", "never", "--stop", stop});
    CHECK(cut["text"] == whole.substr(0, whole.find(stop)));
    CHECK(cut["tokens"].get<int>() < 60);
    CHECK(cut["stop"] == "stop");
}

TEST_CASE("spikegpt generate: bans and biases, by number and by text") {
    std::string const free = answer(generate("60"))["text"];
    REQUIRE(free.find('e') != free.npos);
    std::string const banned = answer(generate("60") + Arguments{"--ban", "e"})["text"];
    CHECK(banned.find('e') == banned.npos);
    CHECK(banned == answer(generate("60") + Arguments{"--ban", "101"})["text"]);
    CHECK(banned == answer(generate("60") + Arguments{"--logit-bias", "e=-1000"})["text"]);
    CHECK(answer(generate("5") + Arguments{"--logit-bias", "\"7\"=1000"})["text"] == "77777");
}

TEST_CASE("spikegpt generate: penalties see the prompt, and what was written before a state") {
    TemporaryFolder folder;
    Arguments const flags{"--greedy", "--frequency-penalty", "0.7", "--repetition-penalty", "1.1"};
    Arguments const prompt{"--prompt", "The neuron"};
    std::string const at_once = answer(generate("40") + flags + prompt)["text"];
    CHECK(at_once != answer(generate("40") + Arguments{"--greedy"} + prompt)["text"]);
    std::string const first =
        answer(generate("15") + flags + prompt + Arguments{"--state-out", folder / "s"})["text"];
    std::string const rest =
        answer(generate("25") + flags + Arguments{"--state-in", folder / "s"})["text"];
    CHECK(first + rest == at_once);
}

TEST_CASE("spikegpt generate: a state keeps as many ids as penalties will count") {
    TemporaryFolder folder;
    std::string const state = folder / "s";
    Arguments const prompt{"--prompt", sample_text(4)};
    Arguments const penalty{"--greedy", "--frequency-penalty", "0.7"};
    Arguments const wide{"--penalty-window", "150"};
    Arguments const keep{"--state-out", state};
    Arguments const go_on = generate("30") + penalty + Arguments{"--state-in", state};
    std::string const at_once = answer(generate("30") + prompt + penalty + wide)["text"];
    CHECK(at_once != answer(generate("30") + prompt + penalty)["text"]);
    answer(generate("0") + prompt + keep + wide);
    CHECK(answer(go_on + wide)["text"] == at_once);
    CHECK(answer(go_on)["text"] == at_once);
    // Ids that are forgotten cannot be counted; those of a short text are all there.
    answer(generate("0") + prompt + keep);
    auto const refused = spikegpt(go_on + wide);
    CHECK(refused.code == 1);
    CHECK(refused.complains("the state keeps no more than 64 recent ids, not 150"));
    answer(generate("0") + Arguments{"--prompt", "The neuron"} + keep);
    CHECK(spikegpt(go_on + wide).code == 0);
}

TEST_CASE("spikegpt generate: the released inference is a model of its own, of float weights") {
    TemporaryFolder folder;
    Arguments const official{"--inference", "official_rescale"};
    // Of two layers it is the trained function.
    CHECK(answer(generate("30") + official + Arguments{"--state-out", folder / "s"})["text"] ==
          answer(generate("30"))["text"]);
    auto const other = spikegpt(generate("5") + Arguments{"--state-in", folder / "s"});
    CHECK(other.code == 1);
    CHECK(other.complains("'halve_every' was '6', now it is ''"));
    std::string const small = folder / "small.safetensors";
    REQUIRE(spikegpt({"quantize", "--model", trained_on_bytes().model, "--out", small, "--weights",
                      "int8"})
                .code == 0);
    auto const refused = spikegpt(Arguments{"generate", "--model", small} + official);
    CHECK(refused.code == 1);
    CHECK(refused.complains("divides weights of float, and those of this model are int8"));
}

}  // namespace spikelet_test::spikegpt_samples_test
